"""Rows of a ring that no sampler chooses: all of them, or the newest."""

from __future__ import annotations

from numbers import Integral
from typing import NamedTuple

import numpy as np

from rlbatch.errors import EmptyBufferError, require
from rlbatch.replay.sampling.sampler import Drawn
from rlbatch.replay.storage.ring import Counts, Rows


class Look(NamedTuple):
    """Rows, and how many of them are each lane's own."""

    drawn: Drawn
    sizes: Rows  # [L]


def everything(ring: Counts) -> Look:
    """Every stored row exactly once, oldest first.

    Raises:
        EmptyBufferError: there is none.
    """
    return newest(ring, max(1, int(ring.fill.max())))


def newest(ring: Counts, size: int) -> Look:
    """The rows stored last, up to `size` a lane, oldest first and padding at the end.

    Raises:
        EmptyBufferError: there is none.
    """
    whole = isinstance(size, Integral) and int(size) >= 1
    require(whole, "replay.newest", "at least 1 row", size)
    head, sizes = ring.head[:, None], np.minimum(ring.fill, size)
    if not sizes.any():
        raise EmptyBufferError("replay", "at least 1 stored row", 0, "Add transitions first.")
    place = np.arange(sizes.max())
    numbers = np.where(place < sizes[:, None], head - sizes[:, None] + place, -1)
    return Look(Drawn(numbers), sizes)
