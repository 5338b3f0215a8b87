"""The learning rate on its way after a jump of B."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlbatch.schedule import warmed
from rlbatch.train.lanes import Lanes

Floats = npt.NDArray[np.float64]


class Warmup:
    """Lr factors on their way to what the coupling wants, each lane by its own rows drawn.

    Args:
        lanes: their counters.
        length: rows drawn.
        own: which lanes.
    """

    def __init__(self, lanes: Lanes, length: int, own: slice = slice(None)) -> None:
        self._samples, self._length = lanes.samples[own], length  # a view: it moves on
        num = len(self._samples)
        self._before, self._wanted = np.full(num, np.nan), np.full(num, np.nan)  # nan: no B yet
        self._since = np.zeros(num, np.int64)  # rows drawn by the last jump

    def of(self, wanted: float | Floats) -> Floats:
        """The factors in use now, `[L]`; a jump is where a wanted one is another than before."""
        every = np.broadcast_to(np.asarray(wanted, np.float64), self._since.shape)
        first = self._samples == 0
        jumped = ~first & (every != self._wanted)
        self._before = np.where(jumped, self._now(), self._before)
        self._since = np.where(jumped, self._samples, self._since)
        self._before = np.where(first, every, self._before)
        self._wanted = every.copy()
        return self._now()

    def _now(self) -> Floats:
        gone = self._samples - self._since
        told = zip(self._before.tolist(), self._wanted.tolist(), gone.tolist(), strict=True)
        return np.array([warmed(*own, self._length) for own in told])
