"""How often a run of one regime beats a run of another."""

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


def probability_of_improvement(
    treatment: Scores, control: Scores, rng: np.random.Generator, confidence: float = 0.95
) -> Interval[float]:
    """P(X > Y) + ½ P(X = Y) for one run of each arm, averaged over environments.

    Agarwal et al. 2021 (https://arxiv.org/abs/2108.13264), section 4.3: the Mann–Whitney
    statistic over the number of pairs. The interval resamples the seeds of each arm and
    environment apart, so it does not use the pairing and is wide where the pairing helps.

    Args:
        treatment: X, one `[seeds]` per environment.
        control: Y, the same environments; the seeds may differ in number.
        rng: where the resamples come from.
        confidence: share of the resamples between the bounds.

    Returns:
        0 to 1, ½ where neither is better; no bounds where a row has fewer than two seeds.

    Raises:
        DataError: arms of different environments, no seeds, or a score that is not finite.
    """
    check_scores("treatment", treatment)
    check_scores("control", control)
    num_envs = len(treatment)
    if len(control) != num_envs:
        raise DataError("control", f"{num_envs} environments, as in treatment", len(control))

    def mean_of_wins(*rows: Floats, axis: int) -> Floats:
        wins = [_wins(x, y) for x, y in zip(rows[:num_envs], rows[num_envs:], strict=True)]
        return np.asarray(np.mean(wins, axis=0))

    rows = (*treatment, *control)
    value = float(mean_of_wins(*rows, axis=-1))
    low, high = percentile_bounds(rows, mean_of_wins, rng, confidence)
    if low is None or high is None:
        return Interval(value, None, None)
    return Interval(value, float(low), float(high))


def _wins(x: Floats, y: Floats) -> Floats:
    """Share of pairs `[...]` in which x `[..., n]` beats y `[..., m]`; a tie is half a win."""
    first, second = x[..., :, None], y[..., None, :]
    return np.asarray(((first > second) + 0.5 * (first == second)).mean((-2, -1)))
