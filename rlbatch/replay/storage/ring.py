"""Ring storage of packed rows, `[L, C, words]`, with a head and a fill for each lane."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.replay.storage.prefetch import AHEAD, LINE, prefetch

Rows = npt.NDArray[np.int64]


class Ring:
    """L rings of C rows. A lane's insertion number n lies in slot n % C until overwritten."""

    def __init__(self, lanes: int, capacity: int, words: int) -> None:
        self.capacity = capacity  # rows a lane
        self.rows = np.zeros((lanes, capacity, words), np.int64)
        self.head = np.zeros(lanes, np.int64)  # rows ever written
        self.fill = np.zeros(lanes, np.int64)  # rows held

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes + self.head.nbytes + self.fill.nbytes

    def append(self, packed: Rows, valid: npt.NDArray[np.bool_]) -> None:
        """Writes packed rows `[L, E, words]` where `valid` `[L, E]`, each lane at its own head."""
        _append(self.rows, self.head, self.fill, packed, valid)

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


@numba.njit(cache=True)
def _append(rows: Any, head: Any, fill: Any, packed: Any, valid: Any) -> None:
    lanes, capacity, words = rows.shape
    for lane in range(lanes):
        slot = head[lane] % capacity
        for e in range(packed.shape[1]):
            if valid[lane, e]:
                for w in range(words):
                    rows[lane, slot, w] = packed[lane, e, w]
                slot = slot + 1 if slot + 1 < capacity else 0
                head[lane] += 1
        fill[lane] = min(head[lane], capacity)


@numba.njit(cache=True)
def _gather(rows: Any, head: Any, numbers: Any, out: Any, weight: Any) -> None:
    lanes, capacity, words = rows.shape
    flat = rows.reshape(-1)
    for lane in range(lanes):
        turn = head[lane] - head[lane] % capacity  # number of the row in slot 0, this time round
        base, num = lane * capacity * words, numbers.shape[1]
        for b in range(-AHEAD, num):
            if b + AHEAD < num:
                ahead = base + _slot(numbers[lane, b + AHEAD], turn, capacity) * words
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
            slot = _slot(numbers[lane, b], turn, capacity)
            for w in range(words):
                out[lane, b, w] = rows[lane, slot, w]


@numba.njit(cache=True, inline="always")
def _slot(number: Any, turn: Any, capacity: Any) -> Any:
    """number % capacity for a row that is held, without a division; 0 for padding."""
    if number < 0:
        return 0
    return number - turn if number >= turn else number - turn + capacity
