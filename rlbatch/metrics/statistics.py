"""Aggregates over seeds: the interquartile mean and its bootstrap interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from rlbatch.seeding import Purpose, bits

RESAMPLES = 1000


class Estimate(NamedTuple):
    """An aggregate over seeds; the bounds are those of a 95 % interval, None below two seeds."""

    value: npt.NDArray[np.float64]  # [...]
    low: npt.NDArray[np.float64] | None  # [...]
    high: npt.NDArray[np.float64] | None  # [...]


def iqm(
    scores: npt.NDArray[np.float64] | Sequence[float], axis: int = -1
) -> npt.NDArray[np.float64]:
    """Interquartile mean: the mean without the lowest and the highest quarter."""
    return np.asarray(stats.trim_mean(np.asarray(scores), 0.25, axis=axis))


def iqm_over_seeds(scores: npt.NDArray[np.float64]) -> Estimate:
    """IQM over the last axis (seeds) with its percentile bootstrap interval.

    Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice"
    (https://arxiv.org/abs/2108.13264). The same scores always give the same interval.

    Args:
        scores: `[..., seeds]`; all metrics share one resample of seeds.
    """
    value = iqm(scores)
    if scores.shape[-1] < 2:
        return Estimate(value, None, None)
    found = stats.bootstrap(
        (scores,),
        iqm,
        axis=-1,
        n_resamples=RESAMPLES,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(int(bits(0, Purpose.RESAMPLE, 0, 1)[0])),
    ).confidence_interval
    return Estimate(value, np.asarray(found.low), np.asarray(found.high))
