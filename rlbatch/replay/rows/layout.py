"""The packed row: every field of a transition at an aligned offset of one run of bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from torch import Tensor

from rlbatch.contract import Space
from rlbatch.errors import ConfigError, require
from rlbatch.replay.rows.tree import Leaf, leaves, nest
from rlbatch.replay.storage.prefetch import LINE
from rlbatch.types import Batch

WORD = 8  # bytes; rows are whole words, so that a copy moves int64s
MOST_SPARE = 6  # a row may grow by one part in so many to fill whole cache lines
SIDES = "obs", "next_obs"
SHOWN = Batch._fields[:5]  # what a batch shows of a row itself


@dataclass(frozen=True, slots=True)
class Field:
    """Where one field lies in a row."""

    name: str
    dtype: str  # NumPy's name of it
    shape: tuple[int, ...]
    offset: int  # bytes

    def __str__(self) -> str:
        return f"{self.name} {self.dtype}{list(self.shape)}"

    def named(self, name: str) -> Field:
        """The same field under another name."""
        return replace(self, name=name)

    @property
    def nbytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize


class View(NamedTuple):
    """Where one field lies in a tensor of rows; all but `shape` counted in its own numbers."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    per_word: int


@dataclass(frozen=True)
class Layout:
    """The fields of a row: action, obs, next_obs, reward, discount, and the episode it is of.

    A nested observation has a field for each of its arrays, `obs.camera` and the like, the widest
    first, so that all are aligned; those of next_obs lie in one run of bytes.
    """

    fields: tuple[Field, ...]
    words: int  # int64s a row
    num_actions: int
    obs_space: Space

    @classmethod
    def of(cls, obs_space: Space, action_space: Space, frame_stack: int | None = None) -> Layout:
        """The layout for one environment's spaces.

        Args:
            obs_space: of observations.
            action_space: of actions.
            frame_stack: k where observations are k frames, of which a row keeps the numbers.

        Raises:
            ConfigError: actions that are not Discrete, observations without a fixed size.
        """
        if not isinstance(action_space, spaces.Discrete):
            advice = "DQN needs finite actions; of vector envs hand in `single_action_space`."
            raise ConfigError("replay.action_space", "a Discrete space", action_space, advice)
        first = int(action_space.start)
        require(first == 0, "replay.action_space", "actions that start at 0", action_space)
        parts = list(leaves(obs_space))
        require(len(parts) > 0, "replay.obs_space", "at least one array", obs_space)
        alone = len({leaf.suffix for leaf in parts}) == len(parts)
        require(alone, "replay.obs_space", "keys that name every array apart", obs_space)
        if frame_stack is not None:
            parts = [Leaf((), "int64", (frame_stack,))]
        by_width = sorted(parts, key=lambda leaf: -np.dtype(leaf.dtype).itemsize)
        wanted: list[tuple[str, str, tuple[int, ...]]] = [("action", "int64", ())]
        for name in SIDES:
            wanted += [(name + leaf.suffix, leaf.dtype, leaf.shape) for leaf in by_width]
        wanted += [("reward", "float32", ()), ("discount", "float32", ()), ("episode", "int32", ())]
        return cls._packed(wanted, int(action_space.n), obs_space)

    @classmethod
    def _packed(
        cls, wanted: Sequence[tuple[str, str, tuple[int, ...]]], actions: int, space: Space
    ) -> Layout:
        fields: list[Field] = []
        offset = 0
        for name, dtype, shape in wanted:
            width = np.dtype(dtype).itemsize
            offset = -(-offset // width) * width
            fields.append(Field(name, dtype, shape, offset))
            offset += fields[-1].nbytes
        words = -(-offset // WORD)
        lines = -(-words // LINE) * LINE
        if (lines - words) * MOST_SPARE <= words:  # so that no row lies in a line too many
            words = lines
        return cls(tuple(fields), words, actions, space)

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

    def field(self, name: str) -> Field:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name: field for field in self.fields}

    @cached_property
    def sides(self) -> dict[str, tuple[Field, ...]]:
        """The fields of obs and of next_obs, in the order of the space's own arrays."""
        suffixes = [leaf.suffix for leaf in leaves(self.obs_space)]
        return {side: tuple(self.field(side + own) for own in suffixes) for side in SIDES}

    @cached_property
    def successor(self) -> tuple[int, int]:
        """The bytes of a row that next_obs takes, from and to."""
        own = self.sides["next_obs"]
        return min(field.offset for field in own), max(field.offset + field.nbytes for field in own)

    def columns(self, struct: npt.NDArray[np.void]) -> list[Any]:
        """The first columns of a batch, of rows in memory, as tensors that share it."""
        if self.plain:
            return [torch.from_numpy(struct[name]) for name in SHOWN]
        return self._shown({name: torch.from_numpy(struct[name]) for name in self.names})

    def _shown(self, flat: Mapping[str, Tensor]) -> list[Any]:
        """Columns by field in a batch's order, nested observations nested again."""
        found: dict[str, Any] = dict(flat)
        if not self.plain:
            for side, own in self.sides.items():
                found[side] = nest(self.obs_space, (flat[field.name] for field in own))
        return [found[name] for name in SHOWN]

    @cached_property
    def plain(self) -> bool:
        """Is an observation one array?"""
        return "obs" in self._by_name

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the fields that a batch shows."""
        return tuple(field.name for field in self.fields if field.name != "episode")

    def views(self, packed: Tensor) -> list[Any]:
        """The same of packed rows `[..., words]` int64 on any device; copies nothing either."""
        typed: dict[torch.dtype, Tensor] = {}
        found = {}
        lead, strides = packed.shape[:-1], packed.stride()[:-1]
        for view in self._views:
            if view.dtype not in typed:
                typed[view.dtype] = packed.view(view.dtype)
            apart = (stride * view.per_word for stride in strides)
            shape, steps = (*lead, *view.shape), (*apart, *view.strides)
            found[view.name] = typed[view.dtype].as_strided(shape, steps, view.offset)
        return self._shown(found)

    @cached_property
    def _views(self) -> tuple[View, ...]:
        """How each field that a batch shows lies in a tensor of its dtype; slow to find out."""
        found = []
        for field in map(self.field, self.names):
            width = np.dtype(field.dtype).itemsize
            dtype, strides = getattr(torch, field.dtype), _row_major(field.shape)
            place = field.offset // width, WORD // width
            found.append(View(field.name, dtype, field.shape, strides, *place))
        return tuple(found)


def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for extent in reversed(shape):
        strides.append(step)
        step *= extent
    return tuple(reversed(strides))
