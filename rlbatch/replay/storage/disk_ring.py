"""A ring in a mapped file that has slots to spare."""

from __future__ import annotations

from pathlib import Path
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

    @property
    def path(self) -> Path:
        """The file it lies in."""
        return self._mapped.path

    def left(self) -> int:
        """Rows that each lane takes before there must be a flush."""
        left: Rows = self._limit - self.head
        return int(left.min())

    def settle(self) -> None:
        """What it holds now is what the last flush holds.

        As many rows as there are slots to spare may follow, even where the ring is far from full
        and more would lie beside what was flushed: so a crash costs no more than those.
        """
        self._limit = self.head + self.spare  # [L] insertion numbers

    def sync(self) -> None:
        """Returns once all rows are on the disk."""
        self._mapped.sync()

    def move(self, mapped: Mapped) -> None:
        """Lies in another file from now on, with its rows; the old one is left as it is."""
        rows = self._in(mapped)
        move(self.rows, self.rows.shape[1], rows, rows.shape[1], self.head, self.fill)
        self.rows, self._mapped = rows, mapped  # last: an interrupt finds one file or the other

    def lie(self, mapped: Mapped) -> None:
        """Lies in another file from now on; what it holds is still to be loaded there."""
        self.rows, self._mapped = self._in(mapped), mapped

    def load(self, rows: Rows, head: Rows, fill: Rows) -> None:
        """See `Ring.load`; no row may follow before a flush, since the last tells of others."""
        super().load(rows, head, fill)
        self._limit = self.head.copy()

    def place(self) -> Lying:
        """Where it lies, to go `back` to."""
        return Lying(self._mapped, self.rows, self.head.copy(), self.fill.copy(), self._limit)

    def back(self, place: Lying) -> None:
        """Is again as it was at a `place`."""
        self._mapped, self.rows, self.head[:], self.fill[:], self._limit = place

    def _in(self, mapped: Mapped) -> Rows:
        return _rows(mapped, len(self.head), self.rows.shape[2])


def num_slots(capacity: int, row_bytes: int) -> int:
    """Slots a lane for so many rows of that size."""
    return capacity + max(1, capacity // SHARE, min(LEAST, LEAST_BYTES // row_bytes))


def _rows(mapped: Mapped, lanes: int, words: int) -> Rows:
    return mapped.array(np.int64).reshape(lanes, -1, words)
