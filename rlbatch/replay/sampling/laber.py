"""The LaBER sampler: a large uniform batch, and out of it the rows that teach most."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.errors import ConfigError, DataError, require
from rlbatch.replay.sampling.priorities import LEAST, MOST
from rlbatch.replay.sampling.sampler import Drawn, Forgetful
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.storage.ring import Counts, Rows
from rlbatch.seeding import Purpose, stream_key, stream_uniform

CHOICE = int(Purpose.CHOICE)
Floats = npt.NDArray[np.float64]
Ask = Callable[[Drawn, Rows], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Laber:
    """B rows in proportion to their TD error δ as it is now, out of `ratio` · B uniform ones.

        P(i) = pᵢ / Σ p,   pᵢ = |δᵢ| + eps,   i over the large batch of the lane
        wᵢ = (Σ p / (ratio · B)) / pᵢ

    The choice is with replacement, and |δ| stands for the norm of a row's gradient g. As
    Σ P(i) wᵢ gᵢ is the mean of g over the large batch, the weighted mean is unbiased for the mean
    over all that is held; w is not normalised further (LaBER-mean). p is kept within
    [1e-140, 1e140].

    What it costs: the learner's forward pass over `ratio` · B rows at every draw, and on a GPU
    the wait for their δ. In return no priority is ever out of date, and none is kept.

    The large batches are nested, the choices are *not*: 32 rows come from the first 32 · `ratio`
    of the rows that 512 are chosen from, so other rows compete and each one's share is another.

    After Lahire, Geist & Rachelson 2022, "Large Batch Experience Replay",
    https://arxiv.org/abs/2110.01528.
    """

    kind: Literal["laber"] = "laber"
    ratio: int = 4  # rows of the large batch for each row drawn
    eps: float = 1e-6  # in the unit of the TD error

    def __post_init__(self) -> None:
        require(self.ratio >= 1, "replay.sampler.ratio", "at least 1", self.ratio)
        positive = math.isfinite(self.eps) and self.eps > 0.0
        require(positive, "replay.sampler.eps", "a finite number above 0", self.eps)

    def start(self, lanes: int, capacity: int) -> LaberSampler:
        """A sampler that has nobody to ask yet."""
        return LaberSampler(self)


class LaberSampler(Forgetful):
    """Asks for δ at every draw and remembers nothing. `Laber.start` makes it.

    `ask(large, sizes)` gives the δ `[L, ratio · B]`, of any sign, of a large draw whose lanes have
    `sizes` `[L]` rows of their own; what stands in the padding does not matter. It is no part of
    the state: whoever loads a buffer hands it over again.
    """

    def __init__(self, settings: Laber) -> None:
        self.settings = settings
        self.ask: Ask | None = None

    def draw(self, ring: Counts, seeds: Rows, counters: Rows, sizes: Rows) -> Drawn:
        """Insertion numbers and weights `[L, max size]`, see `Sampler.draw`.

        Raises:
            ConfigError: there is nobody to ask.
            EmptyBufferError: a lane that must give rows holds none.
            DataError: δ of another shape, or one that is not finite; the same draw can be made
                again.
        """
        ratio, many = self.settings.ratio, sizes * self.settings.ratio
        large = Uniform().draw(ring, seeds, counters, many)
        td_error = self._asked(large, many)
        numbers = np.empty((len(sizes), max(sizes.tolist())), np.int64)
        weight = np.empty(numbers.shape, np.float32)
        told = seeds, CHOICE, counters, sizes, ratio, self.settings.eps
        bad = _choose(*told, td_error, large.numbers, numbers, weight)
        if bad >= 0:
            _refuse(large.numbers, td_error, *divmod(bad, td_error.shape[1]))
        return Drawn(numbers, weight)

    def _asked(self, large: Drawn, sizes: Rows) -> Floats:
        if self.ask is None:
            advice = "Hand the learner's TD error to buffer.surrogate first."
            raise ConfigError("replay.sampler", "a surrogate of the gradient norm", "none", advice)
        if large.numbers.size == 0:  # all lanes idle: a learner need not stand an empty batch
            return np.empty(large.numbers.shape)
        td_error = self.ask(large, sizes)
        if td_error.shape != large.numbers.shape:
            expected = f"shape {large.numbers.shape}"
            raise DataError("replay.sampler.td_error", expected, td_error.shape)
        return td_error


def _refuse(numbers: Rows, td_error: Floats, lane: int, place: int) -> None:
    where = f"replay.sampler.td_error (lane {lane}, row {numbers[lane, place]})"
    got = float(td_error[lane, place])
    raise DataError(where, "a finite number", got, "No row was drawn.")


@numba.njit(cache=True, inline="always")
def _priority(td_error: Any, eps: Any) -> Any:
    return min(max(abs(td_error) + eps, LEAST), MOST)


@numba.njit(cache=True)
def _choose(
    seeds: Any,
    purpose: Any,
    counters: Any,
    sizes: Any,
    ratio: Any,
    eps: Any,
    td_error: Any,
    large: Any,
    numbers: Any,
    weight: Any,
) -> int:
    """Chooses out of `large`; returns a place whose δ is bad, lane · ratio · B + place, or -1."""
    ends = np.empty(td_error.shape[1])  # Σ p up to and with each place
    for lane in range(sizes.shape[0]):
        many, total = ratio * sizes[lane], 0.0
        for place in range(many):
            if not np.isfinite(td_error[lane, place]):
                return int(lane * td_error.shape[1] + place)
            total += _priority(td_error[lane, place], eps)
            ends[place] = total
        key = stream_key(seeds[lane], purpose, counters[lane])
        for b in range(numbers.shape[1]):
            if b >= sizes[lane]:
                numbers[lane, b], weight[lane, b] = -1, 0.0
                continue
            target = stream_uniform(key, b) * total  # u ≤ 1 − 2⁻⁵³: rounds to less than total
            place = np.searchsorted(ends[:many], target, side="right")
            numbers[lane, b] = large[lane, place]
            weight[lane, b] = total / many / _priority(td_error[lane, place], eps)
    return -1
