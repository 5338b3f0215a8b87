"""The decision log of a run: a record for each lane where its batch size changes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlbatch.train.decide import Wanted
from rlbatch.train.lanes import Lanes
from rlbatch.types import Record

Counts = npt.NDArray[np.int64]  # [L]
Mask = npt.NDArray[np.bool_]  # [L]


class Decisions:
    """Notes what was decided, keeps changes until they are read, and closes every lane's log."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._changes: list[Record] = []
        self._open = np.ones(len(lanes.seeds), np.bool_)  # [L] logs that have no end yet

    def note(self, wanted: Wanted, lanes: Mask, updates: Counts) -> None:
        """Takes a decision for the lanes that are about to update."""
        last = self._lanes.batch_size
        changed = lanes & (last != wanted.rows)
        if not changed.any():
            return
        rows = np.broadcast_to(wanted.rows, last.shape)
        lr = np.broadcast_to(wanted.lr, last.shape)
        for lane in np.flatnonzero(changed).tolist():
            told = {"batch_size": int(rows[lane]), "lr": float(lr[lane])}
            self._changes.append(self._lanes.record("batch", lane, int(updates[lane]), told))
        self._lanes.batch_size = np.where(changed, rows, last)

    def end(self, updates: Counts, lanes: Mask) -> None:
        """Writes the number of updates of these lanes, once each, with 0 rows from there on."""
        for lane in np.flatnonzero(lanes & self._open).tolist():
            told: dict[str, float | str] = {"batch_size": 0}
            self._changes.append(self._lanes.record("batch", lane, int(updates[lane]), told))
        self._open &= ~lanes

    def read(self) -> list[Record]:
        """The changes since the last reading."""
        changes, self._changes = self._changes, []
        return changes
