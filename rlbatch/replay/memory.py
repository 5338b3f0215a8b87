"""What a buffer remembers, from its door to its rings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.errors import ConfigError, DataError
from rlbatch.replay.description import Description
from rlbatch.replay.rows.door import Bools, Door
from rlbatch.replay.rows.episodes import Episodes
from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.rows.n_step import NStep
from rlbatch.replay.storage.place import Place
from rlbatch.replay.storage.ring import Ring, Rows

Arrays = dict[str, npt.NDArray[Any]]


class Memory:
    """Transitions go through the door and the windows of n steps into a ring.

    Every k-th episode of a lane goes to a ring of its own, where no sampler looks.

    Args:
        described: what to remember.
        place: where.
    """

    def __init__(self, described: Description, place: Place) -> None:
        self.described, self._place = described, place
        lanes, capacity = described.num_lanes, described.capacity
        self.layout = Layout.of(described.obs_space, described.action_space, described.frame_stack)
        self.ring = place.ring("rows", lanes, capacity, self.layout.words)
        self.held_out: Ring | None = None
        if (every := described.validation) is not None:
            least = -(-capacity // every)
            self.held_out = place.ring("held_out", lanes, least, self.layout.words)
        self.n_step = NStep(lanes, described.n_step, described.gamma, self.layout)
        self.episodes = Episodes(lanes, self.layout)
        self._door = Door(self.layout, described.lanes, described.gamma)

    def add(self, columns: Mapping[str, object], ends: Mapping[str, object]) -> None:
        """Takes one step of all environments, see `ReplayBuffer.add`.

        Raises:
            DataError: what does not fit; nothing of the call is remembered.
        """
        rows, ended, kept, _ = self._door.pack(columns, ends, self.ring.head)
        most = self.n_step.check(rows, ended, kept)
        self.episodes.number(rows, ended)
        rows, kept = self.n_step.fold(rows, ended, kept, most)
        every = self.described.validation
        if self.held_out is None or every is None:
            self.ring.append(rows, kept)
            return
        apart: Bools = self.episodes.of(rows) % every == every - 1
        self.ring.append(rows, kept & ~apart)
        self.held_out.append(rows, kept & apart)

    def apart(self) -> Ring:
        """The ring of what is held out.

        Raises:
            ConfigError: nothing ever is.
        """
        if self.held_out is None:
            raise ConfigError("replay.validation", "every k-th episode to be held out", None)
        return self.held_out

    @property
    def nbytes(self) -> int:
        """Bytes of storage."""
        return sum(ring.nbytes for ring in self._rings().values())

    def state(self) -> Arrays:
        """All that changes, by name; arrays may be the memory's own."""
        arrays: Arrays = {}
        for prefix, ring in self._rings().items():
            own = {"rows": ring.written(), "head": ring.head, "fill": ring.fill}
            arrays |= {prefix + name: array for name, array in own.items()}
        arrays |= {f"episodes.{name}": own for name, own in self.episodes.state().items()}
        if self.n_step.steps > 1:
            arrays |= {f"n_step.{name}": own for name, own in self.n_step.state().items()}
        return arrays

    def load(self, arrays: Arrays) -> None:
        """Takes a `state` of the same description.

        Raises:
            DataError: what does not fit; nothing is changed.
        """
        fresh = NStep(len(self.ring.head), self.n_step.steps, self.n_step.gamma, self.layout)
        episodes = Episodes(len(self.ring.head), self.layout)
        if self.n_step.steps > 1:
            fresh.load(part(arrays, "n_step."))
        episodes.load(part(arrays, "episodes."))
        for prefix, ring in self._rings().items():
            check(ring, prefix, arrays)
        for prefix, ring in self._rings().items():
            ring.load(*(arrays[prefix + name] for name in ("rows", "head", "fill")))
        self.n_step, self.episodes = fresh, episodes

    def _rings(self) -> dict[str, Ring]:
        rings = {"": self.ring}
        return rings if self.held_out is None else rings | {"held_out.": self.held_out}


def check(ring: Ring, prefix: str, arrays: Arrays) -> None:
    """Refuses rows and counts that are not those of such a ring.

    Raises:
        DataError: missing arrays, other shapes, or counts that contradict each other.
    """
    (lanes, _, words), capacity = ring.rows.shape, ring.capacity
    named = [prefix + name for name in ("rows", "head", "fill")]
    if missing := [name for name in named if name not in arrays]:
        raise DataError("replay", f"the arrays {', '.join(named)}", f"no {', '.join(missing)}")
    rows, head, fill = (arrays[name] for name in named)
    for name, counts in zip(named[1:], (head, fill), strict=True):
        if counts.shape != (lanes,):
            raise DataError(f"replay.{name}", f"[{lanes}] counts", counts.shape)
    if not np.array_equal(fill, np.minimum(head, capacity)):
        raise DataError(f"replay.{named[2]}", f"min(head, {capacity})", fill.tolist())
    if rows.shape != (lanes, int(fill.max()), words):
        raise DataError(f"replay.{named[0]}", f"[{lanes}, {fill.max()}, {words}] words", rows.shape)


def part(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays whose names begin so, by the rest of their names."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def incoming(ring: Ring, arrays: Mapping[str, Rows]) -> Ring:
    """A ring like this one that lies in the arrays of a state, for a sampler to look at."""
    like = Ring(len(ring.head), ring.capacity, ring.rows.shape[2], arrays["rows"])
    like.head, like.fill = arrays["head"], arrays["fill"]
    return like
