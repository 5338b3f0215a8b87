"""Which rows that a buffer holds are of which episode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlbatch.replay.buffer import ReplayBuffer
from rlbatch.replay.rows.cast import as_array
from rlbatch.replay.storage.place import AnyRing
from rlbatch.replay.storage.ring import Rows


class Held(NamedTuple):
    """The rows of one episode."""

    lane: int
    number: int  # of the episode
    ring: AnyRing
    rows: Rows  # insertion numbers, oldest first
    running: bool


def held_in(buffer: ReplayBuffer, lane: int) -> list[Held]:
    """The episodes of a lane as they began."""
    memory = buffer._memory
    rings = [memory.ring] if memory.held_out is None else [memory.ring, memory.held_out]
    running = memory.episodes.counts[0][lane].astype(np.int32)
    found = [
        Held(lane, number, ring, rows, number in running)
        for ring in rings
        for number, rows in _by_episode(buffer, ring, lane)
    ]
    return sorted(found, key=lambda held: held.number)


def _by_episode(buffer: ReplayBuffer, ring: AnyRing, lane: int) -> Iterator[tuple[int, Rows]]:
    numbers, episodes = numbered(buffer, ring, lane)
    order = np.argsort(episodes, kind="stable")
    own, starts = np.unique(episodes[order], return_index=True)
    if len(own):
        yield from zip(own.tolist(), np.split(numbers[order], starts[1:]), strict=True)


def numbered(buffer: ReplayBuffer, ring: AnyRing, lane: int) -> tuple[Rows, npt.NDArray[np.int32]]:
    """Insertion numbers of the rows that a lane holds, oldest first, and the episode of each."""
    numbers = np.arange(ring.head[lane] - ring.fill[lane], ring.head[lane])
    word, half = divmod(buffer.layout.field("episode").offset // 4, 2)
    words = np.ascontiguousarray(as_array("episode", ring.rows[lane, :, word], "[slots]"))
    return numbers, words.view(np.int32)[half::2][numbers % len(words)]
