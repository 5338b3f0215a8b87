"""Accounting of draws: how often stored rows have been drawn, how old they were, how alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError
from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.storage.gathering import slot_of
from rlbatch.replay.storage.prefetch import prefetch
from rlbatch.replay.storage.ring import Ring, Rows

SEEN, AGE, DRAWN, SIZE = range(4)  # columns of a tally
Arrays = Mapping[str, npt.NDArray[np.generic]]


class Accounts:
    """Counts what the sampler draws from a ring; what is only looked at does not count.

    A count belongs to a row: where a row is overwritten, its slot starts from 0 again. That is
    caught up with at the next draw or reading, from the ring's head, so rows that are added cost
    nothing. Rows held out are no part of it.

    Args:
        ring: from which rows are drawn.
        layout: of its rows.
    """

    def __init__(self, ring: Ring, layout: Layout) -> None:
        lanes = len(ring.head)
        self._ring, self._place = ring, layout.field("episode").offset // 4
        self._times = np.zeros((lanes, ring.capacity), np.int32)  # draws of the row in each slot
        self._tally = np.zeros((lanes, 4), np.int64)  # head last seen; since the last reading:
        # Σ age, rows drawn, and how many of those the last batch had
        self._last = np.zeros((lanes, 2, 0), np.int64)  # its insertion numbers and episodes

    def note(self, numbers: Rows) -> None:
        """Takes the insertion numbers `[L, B]` of a draw, -1 from each lane's own size on.

        A lane without any keeps its last batch.
        """
        if numbers.shape[1] > self._last.shape[2]:
            more = numbers.shape[1] - self._last.shape[2]
            self._last = np.pad(self._last, ((0, 0), (0, 0), (0, more)))
        ring = self._ring
        _note(ring.rows, ring.head, numbers, self._place, self._times, self._tally, self._last)

    def read(self) -> list[dict[str, float]]:
        """One dict a lane, and starts anew but for the counts of the rows.

            turnover            rows ever written / capacity
            draws_per_row       mean times that the rows held now have been drawn
            never_drawn         share of the rows held now that never were

        Of the draws since the last reading:

            sample_age          mean over the rows drawn of the rows written after them
            unique_share        distinct rows / B, in the last batch
            episodes            distinct episodes in the last batch
            same_episode_share  pairs of its places that hold one episode / all pairs,
                                Σ nₑ(nₑ − 1) / (B(B − 1)) with nₑ places of episode e

        Episodes are those of the rows as they were drawn. What there is nothing to tell of is
        missing: rows of an empty lane, draws where none was made, pairs of a batch of one row.
        """
        _catch_up(self._ring.head, self._times, self._tally)
        told = [self._held(lane) | self._drawn(lane) for lane in range(len(self._tally))]
        self._tally[:, AGE:] = 0
        return told

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """All that it remembers, by name."""
        most = int(self._ring.fill.max())
        return {"times": self._times[:, :most], "tally": self._tally, "last": self._last}

    def check(self, state: Arrays, head: Rows) -> None:
        """Refuses what is no `state` of rings with these heads `[L]`; nothing at all is one.

        Raises:
            DataError: arrays that are missing or do not fit.
        """
        if not state:
            return
        lanes, capacity = self._times.shape
        shapes = [state[name].shape if name in state else () for name in ("times", "tally", "last")]
        wanted = (lanes, int(min(head.max(), capacity))), (lanes, 4), (lanes, 2, *shapes[2][2:])
        if tuple(shapes) != wanted or len(shapes[2]) != 3:
            raise DataError("replay.accounts", f"times, tally, last of shapes {wanted}", shapes)
        tally = state["tally"].astype(np.int64)
        seen, size = tally[:, SEEN], tally[:, SIZE]
        batches = (size <= shapes[2][2]) & ((size > 0) == (tally[:, DRAWN] > 0))
        if (tally < 0).any() or (seen > head).any() or not batches.all():
            told = f"counts of lanes with {head.tolist()} rows written"
            raise DataError("replay.accounts.tally", told, tally.tolist())

    def load(self, state: Arrays) -> None:
        """Takes a checked `state`; without one it starts from zero, with the rows held now."""
        self._times[:], self._tally[:] = 0, 0
        self._last = self._last[..., :0]
        if state:
            times = state["times"].astype(np.int32)
            self._times[:, : times.shape[1]] = times
            self._tally[:] = state["tally"]
            self._last = state["last"].astype(np.int64)

    def _held(self, lane: int) -> dict[str, float]:
        head, fill = int(self._ring.head[lane]), int(self._ring.fill[lane])
        told = {"turnover": head / self._ring.capacity}
        if fill > 0:
            times = self._times[lane, :fill]
            told["draws_per_row"] = float(times.sum(dtype=np.int64) / fill)
            told["never_drawn"] = 1.0 - int(np.count_nonzero(times)) / fill
        return told

    def _drawn(self, lane: int) -> dict[str, float]:
        age, drawn, size = self._tally[lane, AGE:].tolist()
        if drawn == 0:
            return {}
        rows, episodes = (np.unique(own[:size], return_counts=True)[1] for own in self._last[lane])
        told = {"sample_age": age / drawn, "unique_share": len(rows) / size}
        told["episodes"] = float(len(episodes))
        if size > 1:
            pairs = int((episodes * (episodes - 1)).sum())
            told["same_episode_share"] = pairs / (size * (size - 1))
        return told


@numba.njit(cache=True)
def _catch_up(head: Any, times: Any, tally: Any) -> None:
    """Slots written to since they were last seen count from 0."""
    lanes, capacity = times.shape
    for lane in range(lanes):
        for number in range(max(tally[lane, SEEN], head[lane] - capacity), head[lane]):
            times[lane, number % capacity] = 0
        tally[lane, SEEN] = head[lane]


@numba.njit(cache=True)
def _note(
    rows: Any, head: Any, numbers: Any, place: Any, times: Any, tally: Any, last: Any
) -> None:
    """Counts the rows drawn, and keeps their numbers and episodes."""
    _catch_up(head, times, tally)
    halves, capacity, slots = rows.view(np.int32), times.shape[1], rows.shape[1]
    flat = times.reshape(-1)
    for lane in range(times.shape[0]):
        size, age = 0, 0
        turn, own = head[lane] - head[lane] % slots, head[lane] - head[lane] % capacity
        for number in numbers[lane]:
            if number >= 0:
                prefetch(flat, lane * capacity + slot_of(number, own, capacity))
        for number in numbers[lane]:
            if number < 0:
                break
            times[lane, slot_of(number, own, capacity)] += 1
            age += head[lane] - 1 - number
            last[lane, 0, size] = number
            last[lane, 1, size] = halves[lane, slot_of(number, turn, slots), place]
            size += 1
        if size > 0:
            tally[lane, AGE] += age
            tally[lane, DRAWN] += size
            tally[lane, SIZE] = size
