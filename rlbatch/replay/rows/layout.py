"""The packed row: every field of a transition at an aligned offset of one run of bytes."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from torch import Tensor

from rlbatch.contract import Space
from rlbatch.errors import ConfigError, DataError

WORD = 8  # bytes; rows are whole words, so that a copy moves int64s


@dataclass(frozen=True, slots=True)
class Field:
    """Where one field lies in a row."""

    name: str
    dtype: str  # NumPy's name of it
    shape: tuple[int, ...]
    offset: int  # bytes

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Layout:
    """The fields of a row, widest first, so that each is aligned without holes."""

    fields: tuple[Field, ...]
    words: int  # int64s a row
    num_actions: int

    @classmethod
    def of(cls, obs_space: Space, action_space: Space) -> Layout:
        """The layout for one environment's spaces.

        Raises:
            ConfigError: actions that are not Discrete, observations that are neither Box nor
                Discrete.
        """
        if not isinstance(action_space, spaces.Discrete):
            raise ConfigError(
                "replay.action_space", "a Discrete space", action_space, "DQN needs finite actions."
            )
        dtype, shape = _obs_field(obs_space)
        wanted: dict[str, tuple[str, tuple[int, ...]]] = {
            "action": ("int64", ()),
            "obs": (dtype, shape),
            "next_obs": (dtype, shape),
            "reward": ("float32", ()),
            "discount": ("float32", ()),
        }
        return cls._packed(wanted, int(action_space.n))

    @classmethod
    def _packed(cls, wanted: Mapping[str, tuple[str, tuple[int, ...]]], actions: int) -> Layout:
        fields, offset = [], 0
        by_width = sorted(wanted.items(), key=lambda item: -np.dtype(item[1][0]).itemsize)
        for name, (dtype, shape) in by_width:
            fields.append(Field(name, dtype, shape, offset))
            offset += fields[-1].nbytes
        return cls(tuple(fields), -(-offset // WORD), actions)

    @cached_property
    def struct(self) -> np.dtype[np.void]:
        """The row as a NumPy structured type."""
        return np.dtype(
            {
                "names": [field.name for field in self.fields],
                "formats": [np.dtype((field.dtype, field.shape)) for field in self.fields],
                "offsets": [field.offset for field in self.fields],
                "itemsize": self.words * WORD,
            }
        )

    @cached_property
    def floats(self) -> npt.NDArray[np.int64]:
        """Where the float32 numbers lie in a row, counted in fours of bytes."""
        places = [
            np.arange(field.nbytes // 4) + field.offset // 4
            for field in self.fields
            if field.dtype == "float32"
        ]
        return np.concatenate(places)

    def field(self, name: str) -> Field:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    def columns(self, struct: npt.NDArray[np.void]) -> dict[str, Tensor]:
        """The fields of rows in memory, as tensors that share it."""
        return {name: torch.from_numpy(struct[name]) for name in self.names}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the fields."""
        return tuple(field.name for field in self.fields)

    def views(self, packed: Tensor) -> dict[str, Tensor]:
        """The same of packed rows `[..., words]` int64 on any device; copies nothing either."""
        typed: dict[str, Tensor] = {}
        found = {}
        lead, strides = packed.shape[:-1], packed.stride()[:-1]
        for field in self.fields:
            if field.dtype not in typed:
                typed[field.dtype] = packed.view(getattr(torch, field.dtype))
            width = np.dtype(field.dtype).itemsize
            per_word = WORD // width
            found[field.name] = typed[field.dtype].as_strided(
                (*lead, *field.shape),
                (*(stride * per_word for stride in strides), *_row_major(field.shape)),
                field.offset // width,
            )
        return found


def _obs_field(space: Space) -> tuple[str, tuple[int, ...]]:
    if isinstance(space, spaces.Discrete):
        return "int64", ()
    if isinstance(space, spaces.Box) and hasattr(torch, space.dtype.name):
        return space.dtype.name, space.shape
    raise ConfigError("replay.obs_space", "a Box or Discrete space", space)


def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for extent in reversed(shape):
        strides.append(step)
        step *= extent
    return tuple(reversed(strides))


as_dtype = functools.cache(np.dtype)  # a name is slow to look up


def as_field(value: object, field: Field, lead: tuple[int, ...]) -> npt.NDArray[Any]:
    """`value` as an array `[*lead, *field.shape]` that fits `field`, or DataError."""
    wanted = (*lead, *field.shape)
    array = as_array(field.name, value, wanted)
    if array.shape != wanted:
        raise DataError(f"replay.{field.name}", f"shape {wanted}", array.shape)
    if array.dtype == as_dtype(field.dtype):
        return array
    if not np.can_cast(array.dtype, field.dtype, "same_kind"):
        raise DataError(f"replay.{field.name}", f"dtype {field.dtype}", array.dtype)
    narrower = array.dtype.kind in "iu" and not np.can_cast(array.dtype, field.dtype)
    if narrower and not np.array_equal(array, array.astype(field.dtype)):
        raise DataError(f"replay.{field.name}", f"numbers that fit {field.dtype}", array.dtype)
    return array


def as_array(name: str, value: object, wanted: object) -> npt.NDArray[Any]:
    """Any tensor, array, number or nested list as an array, or DataError."""
    if isinstance(value, Tensor):
        return value.numpy(force=True)
    try:
        return np.asarray(value)
    except ValueError:
        raise DataError(f"replay.{name}", f"shape {wanted}", "a ragged list") from None
