"""How many rows are wanted: one number for all lanes, or one each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.errors import require
from rlbatch.replay.storage.ring import Rows

Sizes = int | Sequence[int] | npt.NDArray[Any]


class PerLane:
    """Checks what a caller wants of L lanes; the last size that was one for all is remembered."""

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        self._even = 0, np.zeros(lanes, np.int64)

    def sizes(self, size: Sizes) -> Rows:
        """Rows B of each lane, `[L]`.

        Raises:
            ConfigError: negative, 0 in every lane, or neither one nor L integers.
        """
        if type(size) is int and size > 0:
            if size != self._even[0]:
                self._even = size, np.full(self._lanes, size, np.int64)
            return self._even[1]
        sizes = self.numbers(size, "size")
        require(bool(sizes.min() >= 0 < sizes.max()), "replay.sample", "at least 1 row", size)
        return sizes

    def numbers(self, numbers: Sizes, name: str) -> Rows:
        """Integers `[L]` of one for all, or of one each."""
        array = np.asarray(numbers)
        if array.dtype == np.int64 and array.shape == (self._lanes,):
            return array.copy()  # the rest asks at every update what need not be asked
        fits = array.dtype.kind in "iu" and array.shape in ((), (self._lanes,))
        require(fits, f"replay.sample.{name}", f"an int or {self._lanes} of them", numbers)
        return np.broadcast_to(array, (self._lanes,)).astype(np.int64)
