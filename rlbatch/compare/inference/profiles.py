"""Performance profiles: which share of runs is better than each score."""

from __future__ import annotations

import numpy as np

from rlbatch.compare.inference.resampling import (
    Floats,
    Interval,
    Scores,
    check_scores,
    percentile_bounds,
)
from rlbatch.errors import DataError


def performance_profile(
    scores: Scores, tau: Floats, rng: np.random.Generator, confidence: float = 0.95
) -> Interval[Floats]:
    """Share of runs with a score strictly above each τ, with a pointwise band.

        F(τ) = mean over runs and environments of 1[score > τ]

    Agarwal et al. 2021 (https://arxiv.org/abs/2108.13264), section 4.2, "score distributions".
    The band is a stratified percentile bootstrap over seeds; all τ share one resample.

    Args:
        scores: one `[seeds]` per environment, on a common scale.
        tau: `[K]`, in the scores' unit.
        rng: where the resamples come from.
        confidence: share of the resamples between the bounds, at each τ.

    Returns:
        Three arrays `[K]`, 0 to 1; no bounds where an environment has fewer than two seeds.

    Raises:
        DataError: an environment without seeds, a score that is not finite, or τ not `[K]`.
    """
    check_scores("scores", scores)
    if tau.ndim != 1 or not np.isfinite(tau).all():
        raise DataError("tau", "finite numbers of shape [K]", tau)
    above = [(row > tau[:, None]).astype(np.float64) for row in scores]

    def share(*rows: Floats, axis: int) -> Floats:
        return np.asarray(np.concatenate(rows, axis).mean(axis))

    low, high = percentile_bounds(above, share, rng, confidence)
    return Interval(share(*above, axis=-1), low, high)
