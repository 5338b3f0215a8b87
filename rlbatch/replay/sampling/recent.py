"""The recent sampler: newer rows more often, by a half-life in rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numba
import numpy as np

from rlbatch.errors import require
from rlbatch.replay.sampling.sampler import Drawn, Forgetful, drawn_by
from rlbatch.replay.storage.ring import Counts, Rows
from rlbatch.seeding import stream_key, stream_uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent(Forgetful):
    """Rows with a probability that halves every `half_life` rows of age, with replacement.

        P(age = a) ∝ 2^(−a / half_life),   a = 0 (newest) … fill − 1
        a = ⌊−half_life · log₂(1 − u · (1 − 2^(−fill / half_life)))⌋

    with u from (seed, draw, counter, i).

    Wang & Ross 2019, "Boosting Soft Actor-Critic: Emphasizing Recent Experience without Forgetting
    the Past" (https://arxiv.org/abs/1906.04009), draw the k-th of K updates after an episode from
    the newest N·η^(1000·k/K) rows. A buffer knows neither k nor K, so here the emphasis is one
    distribution over age, the same at every draw.

    `newest` puts the newest row first in every batch, in place of row 0 and not on top of B:
    combined experience replay (Zhang & Sutton 2017, "A Deeper Look at Experience Replay",
    https://arxiv.org/abs/1712.01275). They draw the others uniformly, as a `half_life` far above
    the capacity does. Only the last row stored is promised, not all that were added since.

    The draw is not uniform on purpose: there are no importance weights to undo it. Draws are
    nested: at one counter and fill, 32 rows are the prefix of 512, the newest included.
    """

    kind: Literal["recent"] = "recent"
    half_life: int  # rows
    newest: bool = True

    def __post_init__(self) -> None:
        finite = 1 <= self.half_life < math.inf
        require(finite, "replay.sampler.half_life", "at least 1 row", self.half_life)

    def start(self, lanes: int, capacity: int) -> Recent:
        """Itself: there is nothing to remember."""
        return self

    def draw(self, ring: Counts, seeds: Rows, counters: Rows, sizes: Rows) -> Drawn:
        """Insertion numbers, all weighing 1; see `Sampler.draw`.

        Raises:
            EmptyBufferError: a lane that must give rows holds none.
        """
        decay = self.half_life / math.log(2.0)  # rows in which the probability falls to 1 / e
        return drawn_by(_draw, ring, seeds, counters, sizes, decay, self.newest)


@numba.njit(cache=True)
def _draw(
    seeds: Any,
    purpose: Any,
    counters: Any,
    head: Any,
    fill: Any,
    sizes: Any,
    decay: Any,
    newest: Any,
    numbers: Any,
) -> int:
    """Draws; returns a lane that must give rows and holds none, or -1."""
    for lane in range(sizes.shape[0]):
        if sizes[lane] > 0 and fill[lane] == 0:
            return lane
        key = stream_key(seeds[lane], purpose, counters[lane])
        held = -math.expm1(-fill[lane] / decay)  # the share of ages that are held
        for b in range(numbers.shape[1]):
            age: Any = 0
            if b > 0 or not newest:
                age = np.int64(-decay * math.log1p(-held * stream_uniform(key, b)))
            age = min(age, fill[lane] - 1)  # rounding may reach fill
            numbers[lane, b] = head[lane] - 1 - age if b < sizes[lane] else -1
    return -1
