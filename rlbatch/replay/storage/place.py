"""Where rows and frames lie: what the rest of the buffer asks of a place, and plain memory."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from rlbatch.replay.storage.device import DeviceRing
from rlbatch.replay.storage.ring import Ring

AnyRing = Ring | DeviceRing
Octets = npt.NDArray[np.uint8]


class Place(Protocol):
    """Makes rings of rows, and blocks of bytes for frames."""

    def ring(self, name: str, lanes: int, capacity: int, words: int) -> AnyRing:
        """Empty rings of C rows for L lanes.

        Args:
            name: of the ring, one of a kind: "rows", "held_out".
            lanes: L.
            capacity: C, rows a lane.
            words: int64s a row.
        """
        ...

    def block(self, index: int, nbytes: int) -> Octets:
        """The block of frames with that index, `[nbytes]`; the first call makes it."""
        ...


class InMemory:
    """Rows and frames in this process's memory."""

    def ring(self, name: str, lanes: int, capacity: int, words: int) -> Ring:
        """Empty rings, see `Place.ring`."""
        return Ring(lanes, capacity, words)

    def block(self, index: int, nbytes: int) -> Octets:
        """A new block, see `Place.block`."""
        return np.zeros(nbytes, np.uint8)
