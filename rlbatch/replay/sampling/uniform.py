"""The uniform sampler: with replacement, nested, one numba pass over all lanes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numba
import numpy as np

from rlbatch.replay.sampling.sampler import Drawn, Forgetful, drawn_by
from rlbatch.replay.storage.ring import Counts, Rows
from rlbatch.seeding import stream_key, stream_uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform(Forgetful):
    """Every stored row with the same probability, with replacement (Lin 1992; Mnih et al. 2015).

        number = head − fill + ⌊u · fill⌋,   u from (seed, draw, counter, i)

    Draws are nested: at one counter and fill, 32 rows are the prefix of 512.
    """

    kind: Literal["uniform"] = "uniform"

    def start(self, lanes: int, capacity: int) -> Uniform:
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
        key = stream_key(seeds[lane], purpose, counters[lane])
        oldest = head[lane] - fill[lane]
        for b in range(numbers.shape[1]):
            if b < sizes[lane]:
                numbers[lane, b] = oldest + np.int64(stream_uniform(key, b) * fill[lane])
            else:
                numbers[lane, b] = -1
    return -1
