"""The branched critical batch size, and how sure it is.

Merrill et al. 2025, "Critical Batch Size Revisited" (https://arxiv.org/abs/2505.23971): fork one
state at several B, draw the same number of rows in each, and see up to where nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlbatch.probe.branches import Branch
from rlbatch.probe.state import Floats
from rlbatch.seeding import Purpose, uniform

RESAMPLES = 1000
Sizes = npt.NDArray[np.int64]


class Critical(NamedTuple):
    """B_crit; the bounds are those of a 95 % interval, None below two lanes."""

    size: int | None  # rows; None: no size makes progress
    low: int | None
    high: int | None
    at_end: bool  # is it the largest size that was tried?


def critical(branches: Sequence[Branch], tolerance: float) -> Critical:
    """The largest B whose progress misses no more than `tolerance` of the best's.

    Lanes are the pairs: a resample takes the same lanes at every size.
    """
    sizes = np.array([own.size for own in branches], np.int64)
    progress = np.stack([own.progress for own in branches])  # [S, L]
    found = int(critical_size(sizes, progress.mean(1), tolerance))
    low, high = _interval(sizes, progress, tolerance)
    return Critical(found or None, low, high, found == int(sizes.max()))


def critical_size(sizes: Sizes, progress: Floats, tolerance: float) -> Sizes:
    """The largest size with progress ≥ (1 − tolerance) · best; 0 where the best is no progress.

    Args:
        sizes: `[S]` rows.
        progress: `[S, ...]` the larger the better.
        tolerance: share of the best.
    """
    best = progress.max(0)
    enough = progress >= (1.0 - tolerance) * best
    column = sizes.reshape(-1, *[1] * (progress.ndim - 1))
    found: Sizes = np.where(best > 0.0, np.where(enough, column, 0).max(0), 0)
    return found


def _interval(sizes: Sizes, progress: Floats, tolerance: float) -> tuple[int | None, int | None]:
    """Percentile bootstrap over lanes; sizes are few, so a bound is one of them."""
    lanes = progress.shape[1]
    if lanes < 2:
        return None, None
    picks = uniform(0, Purpose.RESAMPLE, 0, RESAMPLES * lanes).reshape(RESAMPLES, lanes)
    resampled = progress[:, (picks * lanes).astype(np.int64)].mean(2)  # [S, resamples]
    found = critical_size(sizes, resampled, tolerance)
    low, high = np.quantile(found, (0.025, 0.975), method="inverted_cdf")
    return int(low), int(high)
