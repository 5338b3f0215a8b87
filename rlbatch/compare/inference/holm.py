"""Many tests at once: adjusted p values, and the seeds that let one of them be small enough."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rlbatch.errors import DataError, require

LEAST_SEEDS = 6  # five pairs that all agree still have p = 2 / 2⁵ = .0625


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values: reject where they are ≤ α, and one false rejection has chance ≤ α.

        p̃₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) · p₍ⱼ₎),   p₍₁₎ ≤ … ≤ p₍ₘ₎

    Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure"
    (https://www.jstor.org/stable/4615733).

    Args:
        p: raw p values in any order; None is no test, stays None and does not count in m.

    Raises:
        DataError: a p outside [0, 1].
    """
    raw = np.array([value for value in p if value is not None], np.float64)
    if not ((raw >= 0) & (raw <= 1)).all():
        raise DataError("p", "values from 0 to 1", raw.tolist())
    order = np.argsort(raw, kind="stable")
    steps = raw[order] * np.arange(len(raw), 0, -1)
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    found = iter(adjusted.tolist())
    return [None if value is None else next(found) for value in p]


def least_seeds(tests: int, alpha: float = 0.05) -> int:
    """Paired seeds below which none of `tests` can be rejected at `alpha` after Holm.

        n = max(6, ⌈1 + log₂(tests / α)⌉)

    The smallest two-sided p of n swapped pairs is 2 / 2ⁿ, and Holm multiplies the smallest by
    the number of tests.
    """
    require(tests >= 1, "tests", "at least 1", tests)
    require(0.0 < alpha < 1.0, "alpha", "a share between 0 and 1", alpha)
    return max(LEAST_SEEDS, math.ceil(1 + math.log2(tests / alpha)))
