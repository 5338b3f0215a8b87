"""Ring storage of packed rows, `[L, C, words]`, with a head and a fill for each lane."""

from __future__ import annotations

from typing import Any, Protocol

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.replay.storage.gathering import gather_of
from rlbatch.replay.storage.prefetch import aligned_zeros

Rows = npt.NDArray[np.int64]


class Counts(Protocol):
    """What can be known of rings wherever their rows lie: enough to draw numbers."""

    capacity: int  # C, rows a lane
    head: Rows  # [L] rows ever written
    fill: Rows  # [L] rows held


class Ring:
    """L rings of C rows. A lane's insertion number n lies in slot n % slots until overwritten.

    Args:
        lanes: L.
        capacity: C, rows a lane.
        words: int64s a row.
        rows: `[L, slots, words]` zeros to lie in, slots at least C; None: memory, C slots.
    """

    def __init__(self, lanes: int, capacity: int, words: int, rows: Rows | None = None) -> None:
        self.capacity = capacity
        shape = lanes, capacity, words
        self.rows: Rows = aligned_zeros(shape, np.int64) if rows is None else rows
        self.head = np.zeros(lanes, np.int64)  # rows ever written
        self.fill = np.zeros(lanes, np.int64)  # rows held

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes + self.head.nbytes + self.fill.nbytes

    def append(self, packed: Rows, valid: npt.NDArray[np.bool_]) -> None:
        """Writes packed rows `[L, E, words]` where `valid` `[L, E]`, each lane at its own head."""
        _append(self.rows, self.capacity, self.head, self.fill, packed, valid)

    def gather(self, numbers: Rows, out: Rows, weight: npt.NDArray[np.float32]) -> None:
        """Copies the rows with insertion numbers `[L, B]` into `out` `[L, B, words]`.

        Negative numbers are padding: zeros, and weight 0 in `weight` `[L, B]` in place of 1.
        """
        gather_of(self.rows.shape[2])(self.rows, self.head, numbers, out, weight)

    def written(self) -> Rows:
        """All rows held, `[L, max fill, words]`, number n in slot n % C; zeros where none is."""
        most = int(self.fill.max())
        if self.rows.shape[1] == self.capacity:
            return self.rows[:, :most]
        out = np.zeros((len(self.rows), most, self.rows.shape[2]), np.int64)
        move(self.rows, self.rows.shape[1], out, self.capacity, self.head, self.fill)
        return out

    def load(self, rows: Rows, head: Rows, fill: Rows) -> None:
        """Takes what `written` gave, and the counts that go with it; all of it fits."""
        self.head[:], self.fill[:] = head, fill
        if self.rows.shape[1] == self.capacity:
            self.rows[:, : rows.shape[1]] = rows
            return
        move(rows, self.capacity, self.rows, self.rows.shape[1], head, fill)


@numba.njit(cache=True)
def move(source: Any, slots: Any, target: Any, other_slots: Any, head: Any, fill: Any) -> None:
    """Copies all rows held: number n from slot n % `slots` to slot n % `other_slots`."""
    for lane in range(source.shape[0]):
        for number in range(head[lane] - fill[lane], head[lane]):
            for w in range(source.shape[2]):
                target[lane, number % other_slots, w] = source[lane, number % slots, w]


@numba.njit(cache=True)
def _append(rows: Any, capacity: Any, head: Any, fill: Any, packed: Any, valid: Any) -> None:
    lanes, slots, words = rows.shape
    for lane in range(lanes):
        slot = head[lane] % slots
        for e in range(packed.shape[1]):
            if valid[lane, e]:
                for w in range(words):
                    rows[lane, slot, w] = packed[lane, e, w]
                slot = slot + 1 if slot + 1 < slots else 0
                head[lane] += 1
        fill[lane] = min(head[lane], capacity)
