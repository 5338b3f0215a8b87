"""Ring storage of packed rows, `[L, C, words]`, with a head and a fill for each lane."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.replay.storage.prefetch import AHEAD, LINE, prefetch

Rows = npt.NDArray[np.int64]


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
        self.rows = np.zeros((lanes, capacity, words), np.int64) if rows is None else rows
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
        _gather(self.rows, self.head, numbers, out, weight)

    def newest(self) -> Rows:
        """Insertion numbers of all that is held, oldest first, `[L, max fill]`; -1 is padding."""
        offsets = np.arange(self.fill.max(), dtype=np.int64)[None]
        oldest = (self.head - self.fill)[:, None]
        return np.where(offsets < self.fill[:, None], oldest + offsets, -1)

    def written(self) -> Rows:
        """All rows held, `[L, max fill, words]`, number n in slot n % C; zeros where none is."""
        most = int(self.fill.max())
        if self.rows.shape[1] == self.capacity:
            return self.rows[:, :most]
        return self._moved(np.zeros((len(self.rows), most, self.rows.shape[2]), np.int64))

    def _moved(self, out: Rows) -> Rows:
        numbers = self.newest()
        packed, weight = np.empty((*numbers.shape, out.shape[2]), np.int64), numbers != -1
        self.gather(numbers, packed, np.empty(numbers.shape, np.float32))
        for lane, own in enumerate(weight):
            out[lane, numbers[lane, own] % self.capacity] = packed[lane, own]
        return out

    def load(self, rows: Rows, head: Rows, fill: Rows) -> None:
        """Takes what `written` gave, and the counts that go with it; all of it fits."""
        self.head[:], self.fill[:] = head, fill
        if self.rows.shape[1] == self.capacity:
            self.rows[:, : rows.shape[1]] = rows
            return
        for lane, own in enumerate(self.newest()):
            held = own[own >= 0]
            self.rows[lane, held % self.rows.shape[1]] = rows[lane, held % self.capacity]


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


@numba.njit(cache=True)
def _gather(rows: Any, head: Any, numbers: Any, out: Any, weight: Any) -> None:
    lanes, slots, words = rows.shape
    flat = rows.reshape(-1)
    for lane in range(lanes):
        turn = head[lane] - head[lane] % slots  # number of the row in slot 0, this time round
        base, num = lane * slots * words, numbers.shape[1]
        for b in range(-AHEAD, num):
            if b + AHEAD < num:
                ahead = base + _slot(numbers[lane, b + AHEAD], turn, slots) * words
                for w in range(0, words, LINE):
                    prefetch(flat, ahead + w)
                prefetch(flat, ahead + words - 1)
            if b < 0:
                continue
            weight[lane, b] = 1.0 if numbers[lane, b] >= 0 else 0.0
            if numbers[lane, b] < 0:
                for w in range(words):
                    out[lane, b, w] = 0
                continue
            slot = _slot(numbers[lane, b], turn, slots)
            for w in range(words):
                out[lane, b, w] = rows[lane, slot, w]


@numba.njit(cache=True, inline="always")
def _slot(number: Any, turn: Any, slots: Any) -> Any:
    """number % slots for a row that is held, without a division; 0 for padding."""
    if number < 0:
        return 0
    return number - turn if number >= turn else number - turn + slots
