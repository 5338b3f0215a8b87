"""Nested observation spaces as a flat list of leaves, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces

from rlbatch.contract import Space
from rlbatch.errors import ConfigError, DataError, require

Path = tuple[str | int, ...]  # keys and places from the root; () is the root itself


class Leaf(NamedTuple):
    """One array of an observation."""

    path: Path
    dtype: str  # NumPy's name of it
    shape: tuple[int, ...]

    @property
    def suffix(self) -> str:
        """What a field's name gets: "" for a plain space, ".camera.0" inside a nested one."""
        return "".join(f".{step}" for step in self.path)


def leaves(space: Space, path: Path = ()) -> Iterator[Leaf]:
    """The arrays of a space, in its own order.

    Raises:
        ConfigError: a space that has no fixed size, a dtype that torch lacks, or a key that is not
            text.
    """
    where = "replay.obs_space" + "".join(f".{step}" for step in path)
    if isinstance(space, spaces.Dict | spaces.Tuple):
        for step, inner in _parts(space):
            named = isinstance(step, str) or isinstance(space, spaces.Tuple)
            require(named, where, "keys that are text", repr(step))
            yield from leaves(inner, (*path, step))
    elif isinstance(space, spaces.Discrete):
        yield Leaf(path, "int64", ())
    elif isinstance(space, spaces.Box | spaces.MultiBinary | spaces.MultiDiscrete) and hasattr(
        torch, np.dtype(space.dtype).name
    ):
        yield Leaf(path, np.dtype(space.dtype).name, tuple(space.shape))
    else:
        known = "a Box, Discrete, MultiBinary or MultiDiscrete space, or a Dict or Tuple of them"
        raise ConfigError(where, known, space)


def parts_of(name: str, space: Space, value: object) -> Iterator[object]:
    """What a nested observation has for each leaf, in order; a plain one is its only part.

    Raises:
        DataError: something is missing, or there is more than the space has.
    """
    if isinstance(space, spaces.Dict):
        keys = list(space.spaces)
        if not isinstance(value, Mapping):
            raise DataError(f"replay.{name}", f"a dict with keys {keys}", type(value).__name__)
        if value.keys() != space.spaces.keys():
            raise DataError(f"replay.{name}", f"keys {keys}", sorted(map(str, value)))
        for step, inner in _parts(space):
            yield from parts_of(f"{name}.{step}", inner, value[step])
    elif isinstance(space, spaces.Tuple):
        wanted = f"a tuple of {len(space.spaces)}"
        if not isinstance(value, tuple | list):
            raise DataError(f"replay.{name}", wanted, type(value).__name__)
        if len(value) != len(space.spaces):
            raise DataError(f"replay.{name}", wanted, f"{len(value)} parts")
        for (step, inner), own in zip(_parts(space), value, strict=True):
            yield from parts_of(f"{name}.{step}", inner, own)
    else:
        yield value


def nest(space: Space, flat: Iterator[Any]) -> Any:
    """Leaves, in order, as the dict or tuple that the space is; a plain space is its only leaf."""
    if isinstance(space, spaces.Dict):
        return {step: nest(inner, flat) for step, inner in _parts(space)}
    if isinstance(space, spaces.Tuple):
        return tuple(nest(inner, flat) for _, inner in _parts(space))
    return next(flat)


def _parts(space: Any) -> Iterable[tuple[str | int, Space]]:
    return space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
