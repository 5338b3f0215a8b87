"""A ring in a mapped file that has slots to spare."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rlbatch.replay.storage.mapped import Mapped
from rlbatch.replay.storage.ring import Ring, Rows, move

SHARE = 16  # rows for each of which there is a slot to spare
LEAST = 1024  # slots to spare, unless they take more than
LEAST_BYTES = 1 << 20


class Lying(NamedTuple):
    """Where a ring lies, and what of it counts."""

    mapped: Mapped
    rows: Rows  # [L, slots, words] in there
    head: Rows  # [L]
    fill: Rows  # [L]
    limit: Rows  # [L]


class DiskRing(Ring):
    """Rows written after a flush go to slots in which the flush holds nothing, while any are left.

    So the file has what the last flush told of, whatever was written since and wherever that
    stopped. Spare slots are used in turn with all others: number n lies in slot n % slots.

    Args:
        lanes: L.
        capacity: C, rows a lane.
        words: int64s a row.
        mapped: L · slots rows.
    """

    def __init__(self, lanes: int, capacity: int, words: int, mapped: Mapped) -> None:
        super().__init__(lanes, capacity, words, _rows(mapped, lanes, words))
        self._mapped = mapped
        self.settle()

    @property
    def spare(self) -> int:
        """Slots beyond the capacity: rows a lane that always fit between two flushes."""
        slots: int = self.rows.shape[1]
        return slots - self.capacity

    @property
    def file_bytes(self) -> int:
        return self.rows.nbytes

    def left(self) -> int:
        """Rows that each lane takes before one would lie where the last flush holds another."""
        left: Rows = self._limit - self.head
        return int(left.min())

    def settle(self) -> None:
        """What it holds now is what the last flush holds."""
        self._limit = self.head - self.fill + self.rows.shape[1]  # [L] insertion numbers

    def sync(self) -> None:
        """Returns once all rows are on the disk."""
        self._mapped.sync()

    def move(self, mapped: Mapped) -> None:
        """Lies in another file from now on, with its rows; the old one is left as it is."""
        before = self.rows
        self.lie(mapped)
        move(before, before.shape[1], self.rows, self.rows.shape[1], self.head, self.fill)

    def lie(self, mapped: Mapped) -> None:
        """Lies in another file from now on; what it holds is still to be written there."""
        self.rows, self._mapped = _rows(mapped, len(self.head), self.rows.shape[2]), mapped
        self.settle()

    def place(self) -> Lying:
        """Where it lies, to go `back` to."""
        return Lying(self._mapped, self.rows, self.head.copy(), self.fill.copy(), self._limit)

    def back(self, place: Lying) -> None:
        """Is again as it was at a `place`."""
        self._mapped, self.rows, self.head[:], self.fill[:], self._limit = place


def num_slots(capacity: int, row_bytes: int) -> int:
    """Slots a lane for so many rows of that size."""
    return capacity + max(1, capacity // SHARE, min(LEAST, LEAST_BYTES // row_bytes))


def _rows(mapped: Mapped, lanes: int, words: int) -> Rows:
    return mapped.array(np.int64).reshape(lanes, -1, words)
