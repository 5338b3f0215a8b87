"""Seeded resampling that every interval and every test here is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import stats

from rlbatch.errors import DataError, require

RESAMPLES = 2000  # of seeds, for an interval
SWAPS = 10_000  # of arms, for a test, where there are too many to take them all
MOST_SEEDS_EXACT = 14  # all 2¹⁴ = 16 384 swaps are taken
BATCH = 500  # resamples in memory at once

Floats = npt.NDArray[np.float64]
Scores = Sequence[Floats]  # one [seeds] per environment
T = TypeVar("T")


class Interval(NamedTuple, Generic[T]):
    """A number, or an array of numbers, and its bounds; those are None below two seeds."""

    value: T
    low: T | None
    high: T | None


def generator(*names: str | int) -> np.random.Generator:
    """A generator that depends on the names alone, in any process and on any machine."""
    text = json.dumps(names).encode()
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text).digest()))


def check_scores(where: str, scores: Scores) -> None:
    """Raises DataError unless every environment has at least one seed and finite scores."""
    if not len(scores):
        raise DataError(where, "at least 1 environment", 0)
    for env, row in enumerate(scores):
        if np.ndim(row) != 1 or np.size(row) == 0:
            shape = np.shape(row)
            raise DataError(f"{where}[{env}]", "scores of shape [seeds], seeds ≥ 1", shape)
        if not np.isfinite(row).all():
            raise DataError(
                f"{where}[{env}]", "finite scores", row, "Give only runs that have one."
            )


def check_paired(treatment: Scores, control: Scores) -> None:
    """Raises DataError unless both arms have the same seeds in every environment."""
    check_scores("treatment", treatment)
    check_scores("control", control)
    shapes = [[len(row) for row in arm] for arm in (treatment, control)]
    if shapes[0] != shapes[1] or len(set(shapes[0])) > 1:
        wanted = f"the same seeds in all environments of both arms (treatment has {shapes[0]})"
        raise DataError("control", wanted, shapes[1], "Keep only the seeds that all have.")


def percentile_bounds(
    samples: Sequence[Floats],
    statistic: Callable[..., Any],
    rng: np.random.Generator,
    confidence: float = 0.95,
) -> tuple[Floats, Floats] | tuple[None, None]:
    """Percentile bootstrap in which every sample is a stratum of its own.

    Efron & Tibshirani 1993, "An Introduction to the Bootstrap"
    (https://doi.org/10.1201/9780429246593), chapter 13.

    Args:
        samples: one `[..., seeds]` per stratum; the leading axes share one resample of seeds.
        statistic: `(*samples, axis) -> [...]`, taken along `axis`.
        rng: where the resamples come from.
        confidence: share of the resamples between the bounds.

    Returns:
        Bounds `[...]`; None, None where a stratum has fewer than two seeds.
    """
    require(0.0 < confidence < 1.0, "confidence", "a share between 0 and 1", confidence)
    if min(sample.shape[-1] for sample in samples) < 2:
        return None, None
    found = stats.bootstrap(
        tuple(samples),
        statistic,
        axis=-1,
        n_resamples=RESAMPLES,
        batch=BATCH,
        method="percentile",
        vectorized=True,
        confidence_level=confidence,
        rng=rng,
    ).confidence_interval
    return np.asarray(found.low), np.asarray(found.high)
