"""A statistic of one group of runs, or of two on the same seeds, and its bootstrap interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rlbatch.compare.inference.resampling import (
    BATCH,
    RESAMPLES,
    Floats,
    Interval,
    Scores,
    check_scores,
    percentile_bounds,
)
from rlbatch.errors import DataError, require
from rlbatch.metrics import iqm

Runs = npt.NDArray[np.intp]  # [..., seeds] positions of runs
OfRuns = Callable[[Runs], Floats]  # [..., seeds] -> [...]


class Statistic(Protocol):
    """`[..., runs] -> [...]` along an axis."""

    def __call__(self, scores: Any, /, axis: int) -> Any: ...


def estimate(
    scores: Scores,
    rng: np.random.Generator,
    statistic: Statistic = iqm,
    confidence: float = 0.95,
) -> Interval[float]:
    """A statistic of all runs and its stratified percentile bootstrap interval over seeds.

    The runs of all environments are pooled; a resample draws the seeds of each environment
    apart. With the IQM this is the aggregate of Agarwal et al. 2021, "Deep Reinforcement
    Learning at the Edge of the Statistical Precipice" (https://arxiv.org/abs/2108.13264).

    Args:
        scores: one `[seeds]` per environment, on a common scale.
        rng: where the resamples come from.
        statistic: of the pooled runs, along an axis.
        confidence: share of the resamples between the bounds.

    Returns:
        In the scores' unit; without bounds where an environment has fewer than two seeds.

    Raises:
        DataError: an environment without seeds, or a score that is not finite.
    """
    check_scores("scores", scores)

    def pooled(*rows: Floats, axis: int) -> Any:
        return statistic(np.concatenate(rows, axis), axis=axis)

    low, high = percentile_bounds(scores, pooled, rng, confidence)
    value = float(pooled(*scores, axis=-1))
    if low is None or high is None:
        return Interval(value, None, None)
    return Interval(value, float(low), float(high))


def joint(
    statistic: OfRuns, num_seeds: int, rng: np.random.Generator, confidence: float = 0.95
) -> Interval[float]:
    """Interval of a statistic that only a group of runs has; whole seeds are resampled.

    For dispersion and risk across runs of Chan et al. 2020, "Measuring the Reliability of
    Reinforcement Learning Algorithms" (https://arxiv.org/abs/1912.05663), and for the collapse
    rate. A resample repeats seeds and so spreads less than the group itself: where n is small
    the interval of a dispersion reaches further down than up, and of a tail further up.

    Args:
        statistic: `[..., seeds]` positions of runs -> `[...]`; closes over the curves.
        num_seeds: runs in the group.
        rng: where the resamples come from.
        confidence: share of the resamples between the bounds.

    Returns:
        Without bounds below two seeds, or where the statistic has no value for some resample.

    Raises:
        DataError: the statistic has no finite value for the group.
    """
    require(num_seeds >= 1, "num_seeds", "at least 1 run", num_seeds)
    require(0.0 < confidence < 1.0, "confidence", "a share between 0 and 1", confidence)
    value = float(statistic(np.arange(num_seeds)))
    if not np.isfinite(value):
        raise DataError("statistic", "a finite number for the group", value)
    if num_seeds < 2:
        return Interval(value, None, None)
    runs = rng.integers(num_seeds, size=(RESAMPLES, num_seeds), dtype=np.intp)
    drawn = np.concatenate([statistic(runs[i : i + BATCH]) for i in range(0, RESAMPLES, BATCH)])
    if not np.isfinite(drawn).all():
        return Interval(value, None, None)
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value, float(low), float(high))


def joint_difference(
    treatment: OfRuns,
    control: OfRuns,
    num_seeds: int,
    rng: np.random.Generator,
    confidence: float = 0.95,
) -> Interval[float]:
    """`joint` of treatment − control: a resample takes the same seeds in both arms."""

    def difference(runs: Runs) -> Floats:
        with np.errstate(invalid="ignore"):  # ∞ − ∞ has no value, and that is seen
            return np.asarray(treatment(runs) - control(runs))

    return joint(difference, num_seeds, rng, confidence)
