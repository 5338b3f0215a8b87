"""Nested observation spaces as a flat list of leaves, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces

from rlbatch.contract import Space
from rlbatch.errors import ConfigError, DataError

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
        ConfigError: a space that has no fixed size, or a dtype that torch lacks.
    """
    if isinstance(space, spaces.Dict | spaces.Tuple):
        for step, inner in _parts(space):
            yield from leaves(inner, (*path, step))
    elif isinstance(space, spaces.Discrete):
        yield Leaf(path, "int64", ())
    elif isinstance(space, spaces.Box | spaces.MultiBinary | spaces.MultiDiscrete) and hasattr(
        torch, np.dtype(space.dtype).name
    ):
        yield Leaf(path, np.dtype(space.dtype).name, tuple(space.shape))
    else:
        where = "replay.obs_space" + "".join(f".{step}" for step in path)
        known = "a Box, Discrete, MultiBinary or MultiDiscrete space, or a Dict or Tuple of them"
        raise ConfigError(where, known, space)


def pick(name: str, value: object, path: Path) -> object:
    """The part of a nested observation that a path leads to.

    Raises:
        DataError: nothing there.
    """
    found: Any = value
    for at, step in enumerate(path):
        inside = f"replay.{name}" + "".join(f".{done}" for done in path[:at])
        if isinstance(step, str):
            if not isinstance(found, Mapping):
                raise DataError(inside, f"a dict with {step!r}", type(found).__name__)
            if step not in found:
                raise DataError(inside, f"the key {step!r}", f"keys {sorted(map(str, found))}")
        elif not isinstance(found, Sequence) or len(found) <= step:
            got = f"{len(found)} parts" if isinstance(found, Sequence) else type(found).__name__
            raise DataError(inside, f"a tuple with place {step}", got)
        found = found[step]
    return found


def nest(space: Space, flat: Iterator[Any]) -> Any:
    """Leaves, in order, as the dict or tuple that the space is; a plain space is its only leaf."""
    if isinstance(space, spaces.Dict):
        return {step: nest(inner, flat) for step, inner in _parts(space)}
    if isinstance(space, spaces.Tuple):
        return tuple(nest(inner, flat) for _, inner in _parts(space))
    return next(flat)


def _parts(space: Any) -> Iterator[tuple[str | int, Space]]:
    pairs = space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
    for step, inner in pairs:
        yield (step if isinstance(step, int) else str(step)), inner
