"""Two regimes on the same seeds: the difference, its interval, and a sign-flip test."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rlbatch.compare.inference.permutation import swap_p
from rlbatch.compare.inference.power import seeds_needed
from rlbatch.compare.inference.resampling import (
    Floats,
    Scores,
    check_paired,
    percentile_bounds,
)

ROUNDING = 1e-12  # of the largest score; less spread than this is none


class PairedResult(NamedTuple):
    """Treatment − control over paired seeds."""

    difference: float  # mean, in the scores' unit
    low: float | None  # 95 % interval of the difference; None below two seeds
    high: float | None
    p: float  # two-sided, in (0, 1]
    n: int  # paired seeds
    effect: float | None  # d_z: mean / standard deviation of the differences; None without spread
    correlation: float | None  # Pearson, of the two arms' seeds; None where an arm is constant
    seeds_needed: int | None  # for 80 % power at alpha; None where there is no effect


def paired_difference(
    treatment: Scores, control: Scores, rng: np.random.Generator, alpha: float = 0.05
) -> PairedResult:
    """Mean paired difference, its bootstrap interval and its sign-flip permutation test.

    The interval is a percentile bootstrap of pairs, stratified by environment. The test flips
    the sign of a seed's difference, averaged over environments: a seed is swapped in all of
    them at once, which holds even where they depend on each other through the seed, and n is
    the number of seeds, as in `least_seeds`. Effect, correlation and the seeds needed are of
    the same averages. The test is of Fisher 1935; see Pitman 1937, "Significance Tests Which
    May be Applied to Samples from any Populations" (https://doi.org/10.2307/2984124).

    Args:
        treatment: one `[seeds]` per environment, on a common scale.
        control: the same environments and the same seeds in the same order.
        rng: where resamples and swaps come from.
        alpha: level at which the seeds needed are counted.

    Raises:
        DataError: the seeds do not pair up, or a score is not finite.
    """
    check_paired(treatment, control)
    gaps = [x - y for x, y in zip(treatment, control, strict=True)]
    low, high = percentile_bounds(gaps, _mean_over_envs, rng)
    by_seed = np.mean(gaps, axis=0)
    slack = ROUNDING * float(max(np.abs(row).max() for row in (*treatment, *control)))
    effect = _effect(by_seed, slack)
    return PairedResult(
        difference=float(by_seed.mean()),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        p=swap_p([by_seed], np.mean, rng),
        n=len(by_seed),
        effect=effect,
        correlation=_correlation(np.mean(treatment, axis=0), np.mean(control, axis=0), slack),
        seeds_needed=_needed(by_seed, effect, slack, alpha),
    )


def _mean_over_envs(*gaps: Floats, axis: int) -> Floats:
    return np.asarray(np.mean([row.mean(axis) for row in gaps], axis=0))


def _effect(by_seed: Floats, slack: float) -> float | None:
    if len(by_seed) < 2 or np.ptp(by_seed) <= slack:
        return None
    return float(by_seed.mean() / by_seed.std(ddof=1))


def _needed(by_seed: Floats, effect: float | None, slack: float, alpha: float) -> int | None:
    """None where the mean is no more than rounding, or where one seed shows no spread."""
    if len(by_seed) < 2 or abs(by_seed.mean()) <= slack:
        return None
    return seeds_needed(math.inf if effect is None else effect, alpha)


def _correlation(x: Floats, y: Floats, slack: float) -> float | None:
    if len(x) < 2 or min(np.ptp(x), np.ptp(y)) <= slack:
        return None
    return float(np.corrcoef(x, y)[0, 1])
