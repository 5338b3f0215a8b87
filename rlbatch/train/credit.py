"""What a lane may spend on learning: updates, or rows, in whole numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlbatch.train.settings import Iso

Rows = int | npt.NDArray[np.int64]  # of one update, one for all lanes or [L]


class Credit:
    """Integer credit per lane.

        iso: updates   each due update pays for one, whatever its size
        iso: samples   each due update pays for `reference` rows; a batch costs its rows

    Under `samples` a lane that cannot pay waits, so the rows drawn never exceed those due.
    """

    def __init__(self, iso: Iso, lanes: int, reference: Rows) -> None:
        self._by_rows, self._reference = iso == "samples", reference
        self.held = np.zeros(lanes, np.int64)

    def earn(self, due: int, active: npt.NDArray[np.bool_]) -> None:
        """Adds `due` updates' worth to the active lanes."""
        self.held += due * (self._reference if self._by_rows else 1) * active

    def can_pay(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """Which lanes can pay for an update of `rows`, `[L]`."""
        return self.held >= (rows if self._by_rows else 1)

    def spend(self, rows: Rows, lanes: npt.NDArray[np.bool_]) -> None:
        """Charges one update of `rows` to the lanes that made it."""
        self.held -= (rows if self._by_rows else 1) * lanes
