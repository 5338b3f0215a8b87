"""What a buffer remembers, from its door to its rings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.errors import ConfigError, DataError
from rlbatch.replay.description import Description
from rlbatch.replay.frames.frames import Frames
from rlbatch.replay.rows.door import Bools, Door
from rlbatch.replay.rows.episodes import Episodes
from rlbatch.replay.rows.express import UNWRITABLE, Columns, Express
from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.rows.n_step import NStep
from rlbatch.replay.storage.place import AnyRing, Place
from rlbatch.replay.storage.ring import Ring, Rows

NAMES = "obs", "action", "reward", "next_obs", "terminated", "truncated"
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
        self.held_out: AnyRing | None = None
        if (every := described.validation) is not None:
            least = -(-capacity // every)
            self.held_out = place.ring("held_out", lanes, least, self.layout.words)
        self.n_step = NStep(lanes, described.n_step, described.gamma, self.layout)
        self.episodes = Episodes(lanes, self.layout)
        stack = described.stack
        self.frames: Frames | None = None
        if stack is not None:
            self.frames = Frames(self.layout, stack, lanes, capacity, place)
        self._door = Door(self.layout, described.lanes, described.gamma, stack)
        self._express: Express | None = None
        if isinstance(self.ring, Ring) and self._is_simple():
            self._express = Express(self.layout, described.lanes, described.gamma, self.ring)

    def _is_simple(self) -> bool:
        """Do one-step rows go as they come into one ring?"""
        told = self.described
        writable = self.layout.plain and self.layout.field("obs").dtype not in UNWRITABLE
        alone = told.validation is None and told.frame_stack is None and told.n_step == 1
        return writable and alone and type(self.ring) is Ring

    def add(
        self, columns: Columns, valid: object, room: Callable[[int], None] | None = None
    ) -> None:
        """Takes one step of all environments, see `ReplayBuffer.add`.

        Args:
            columns: obs, action, reward, next_obs, terminated, truncated.
            valid: which count, None for all.
            room: told how many rows a lane may come, before any does.

        Raises:
            DataError: what does not fit; nothing of the call is remembered.
        """
        if valid is None and self._express and self._express.add(columns, self.episodes):
            return
        named = dict(zip(NAMES, columns, strict=True)) | {"valid": valid}
        rows, ended, kept, stacks = self._door.pack(named, self.ring.head)
        most = self.n_step.check(rows, ended, kept)
        if room is not None:
            room(most)
        if self.frames is not None:
            apart = self._apart(self.episodes.upcoming(kept))
            self.frames.store(stacks, rows, ended, kept, apart, self.n_step.rows)
        self.episodes.number(rows, ended, kept)
        rows, kept = self.n_step.fold(rows, ended, kept, most)
        if self.held_out is None:
            self._append(self.ring, rows, kept)
            return
        apart = self._apart(self.episodes.of(rows))
        self._append(self.ring, rows, kept & ~apart)
        self._append(self.held_out, rows, kept & apart)

    def _append(self, ring: AnyRing, rows: Rows, kept: Bools) -> None:
        if self.frames is not None and isinstance(ring, Ring):
            self.frames.exchange(ring, rows, kept)
        ring.append(rows, kept)

    def _apart(self, episodes: npt.NDArray[Any]) -> Bools:
        """Which episodes are held out."""
        if (every := self.described.validation) is None:
            return np.zeros(episodes.shape, np.bool_)
        apart: Bools = episodes % every == every - 1
        return apart

    def apart(self) -> AnyRing:
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
        frames = 0 if self.frames is None else self.frames.pool.nbytes
        return frames + sum(ring.nbytes for ring in self._rings().values())

    def state(self, stored: bool = True) -> Arrays:
        """All that changes, by name; arrays may be the memory's own.

        Args:
            stored: with the rows and frames themselves; False where their place keeps them.
        """
        arrays: Arrays = {}
        for prefix, ring in self._rings().items():
            own = {"head": ring.head, "fill": ring.fill}
            if stored:
                own["rows"] = ring.written()
            arrays |= {prefix + name: array for name, array in own.items()}
        arrays |= {f"episodes.{name}": own for name, own in self.episodes.state().items()}
        if self.n_step.steps > 1:
            arrays |= {f"n_step.{name}": own for name, own in self.n_step.state().items()}
        if self.frames is not None:
            own = self.frames.state(self.n_step.rows, stored)
            arrays |= {f"frames.{name}": array for name, array in own.items()}
        return arrays

    def load(self, arrays: Arrays, stored: bool = True) -> None:
        """Takes a `state` of the same description.

        Args:
            arrays: the state.
            stored: with the rows and frames; False where they lie in their place already.

        Raises:
            DataError: what does not fit; nothing is changed.
        """
        fresh = NStep(len(self.ring.head), self.n_step.steps, self.n_step.gamma, self.layout)
        episodes = Episodes(len(self.ring.head), self.layout)
        if self.n_step.steps > 1:
            fresh.load(part(arrays, "n_step."))
        episodes.load(part(arrays, "episodes."))
        rings = self._rings()
        for prefix, ring in rings.items():
            check(ring, prefix, arrays, stored)
        if self.frames is not None:
            rows = [own for prefix, ring in rings.items() for own in held(ring, prefix, arrays)]
            self.frames.check(part(arrays, "frames."), [*rows, fresh.rows], in_place=not stored)
        for prefix, ring in rings.items():
            if stored:
                ring.load(*(arrays[prefix + name] for name in ("rows", "head", "fill")))
            ring.head[:], ring.fill[:] = arrays[f"{prefix}head"], arrays[f"{prefix}fill"]
        if self.frames is not None:
            own = [ring for ring in rings.values() if isinstance(ring, Ring)]
            self.frames.load(part(arrays, "frames."), own)
        self.n_step, self.episodes = fresh, episodes

    def settle(self) -> None:
        """What is held now was flushed: until the next time no frame of it is written over."""
        if self.frames is not None:
            self.frames.settle(self.n_step.rows)

    def _rings(self) -> dict[str, AnyRing]:
        rings = {"": self.ring}
        return rings if self.held_out is None else rings | {"held_out.": self.held_out}


def check(ring: AnyRing, prefix: str, arrays: Arrays, stored: bool = True) -> None:
    """Refuses rows, if they are `stored`, and counts that are not those of such a ring.

    Raises:
        DataError: missing arrays, other shapes, or counts that contradict each other.
    """
    (lanes, _, words), capacity = ring.rows.shape, ring.capacity
    named = [prefix + name for name in ("rows", "head", "fill")[0 if stored else 1 :]]
    if missing := [name for name in named if name not in arrays]:
        raise DataError("replay", f"the arrays {', '.join(named)}", f"no {', '.join(missing)}")
    head, fill = (arrays[name] for name in named[-2:])
    for name, counts in zip(named[-2:], (head, fill), strict=True):
        if counts.shape != (lanes,) or counts.dtype != np.int64 or counts.min() < 0:
            raise DataError(f"replay.{name}", f"[{lanes}] counts", counts)
    if not np.array_equal(fill, np.minimum(head, capacity)):
        raise DataError(f"replay.{named[-1]}", f"min(head, {capacity})", fill.tolist())
    wanted = lanes, int(fill.max()), words
    if stored and ((rows := arrays[named[0]]).shape != wanted or rows.dtype != np.int64):
        raise DataError(f"replay.{named[0]}", f"{list(wanted)} words", rows.shape)


def held(ring: AnyRing, prefix: str, arrays: Arrays) -> list[Rows]:
    """All rows `[..., words]` that a state's ring holds; from the ring where they lie in place."""
    head, fill = (arrays[prefix + name].tolist() for name in ("head", "fill"))
    if f"{prefix}rows" in arrays:
        return [own[:num] for own, num in zip(arrays[f"{prefix}rows"], fill, strict=True)]
    found: list[Rows] = []
    for own, end, num in zip(ring.rows, head, fill, strict=True):
        start, slots = (end - num) % len(own), len(own)
        found += own[start : start + num], own[: max(0, start + num - slots)]
    return found


def part(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays whose names begin so, by the rest of their names."""
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def incoming(ring: AnyRing, arrays: Mapping[str, Rows]) -> Ring:
    """A ring like this one that lies in the arrays of a state, for a sampler to look at."""
    none = np.zeros((len(ring.head), 0, ring.rows.shape[2]), np.int64)
    like = Ring(len(ring.head), ring.capacity, none.shape[2], arrays.get("rows", none))
    like.head, like.fill = arrays["head"], arrays["fill"]
    return like
