"""The sequential sampler: rows as they were stored, a negative control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numba
import numpy as np

from rlbatch.replay.sampling.sampler import Drawn, Forgetful, drawn_by
from rlbatch.replay.storage.ring import Counts, Rows
from rlbatch.seeding import stream_key, stream_uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequential(Forgetful):
    """Consecutive rows from a random start: what is lost where draws are not decorrelated.

        number_i = head − fill + (⌊u · fill⌋ + i) mod fill,   u from (seed, draw, counter, 0)

    Each row is as likely as under `Uniform`; the rows of one batch hang together, which replay is
    there to prevent (Lin 1992, https://doi.org/10.1007/BF00992699; Mnih et al. 2015,
    https://doi.org/10.1038/nature14236). So a difference to `Uniform` is what decorrelation buys.
    The newest row is followed by the oldest, and rows come again where B exceeds those held. With
    E environments a lane, rows of one environment lie E apart.

    Draws are nested: at one counter and fill, 32 rows are the prefix of 512.
    """

    kind: Literal["sequential"] = "sequential"

    def start(self, lanes: int, capacity: int) -> Sequential:
        """Itself: there is nothing to remember."""
        return self

    def draw(self, ring: Counts, seeds: Rows, counters: Rows, sizes: Rows) -> Drawn:
        """Insertion numbers, all weighing 1; see `Sampler.draw`.

        Raises:
            EmptyBufferError: a lane that must give rows holds none.
        """
        return drawn_by(_draw, ring, seeds, counters, sizes)


@numba.njit(cache=True)
def _draw(
    seeds: Any, purpose: Any, counters: Any, head: Any, fill: Any, sizes: Any, numbers: Any
) -> int:
    """Draws; returns a lane that must give rows and holds none, or -1."""
    for lane in range(sizes.shape[0]):
        if sizes[lane] > 0 and fill[lane] == 0:
            return lane
        oldest = head[lane] - fill[lane]
        key = stream_key(seeds[lane], purpose, counters[lane])
        offset: Any = np.int64(stream_uniform(key, 0) * fill[lane])
        for b in range(numbers.shape[1]):
            numbers[lane, b] = oldest + offset if b < sizes[lane] else -1
            offset = offset + 1 if offset + 1 < fill[lane] else 0
    return -1
