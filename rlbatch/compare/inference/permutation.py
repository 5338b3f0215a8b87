"""The p value of a paired design: arms are swapped within seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from rlbatch.compare.inference.resampling import BATCH, MOST_SEEDS_EXACT, SWAPS

ROUNDING = 1e-12  # of the largest swap; closer ones are a tie


def swap_p(
    samples: Sequence[npt.NDArray[Any]],
    statistic: Callable[..., Any],
    rng: np.random.Generator,
) -> float:
    """Two-sided p: the share of swaps whose statistic is at least as far from 0 as it was.

    All 2ⁿ swaps up to 14 seeds; above, 10 000 drawn ones, and the observed counts as one more,
    (k + 1) / (10 000 + 1): Phipson & Smyth 2010, "Permutation P-values Should Never Be Zero"
    (https://arxiv.org/abs/1603.05766). A swap for which the statistic has no value counts as
    far. One seed gives 1.

    Args:
        samples: one `[seeds]` of differences, whose signs are flipped, or two of paired items.
        statistic: `(*samples, axis) -> [...]`; swapping all seeds turns its sign.
        rng: where the swaps come from above 14 seeds.

    Returns:
        Above 0, at most 1; at least 2 / 2ⁿ.
    """
    num_seeds = samples[0].shape[-1]
    if num_seeds < 2:
        return 1.0
    exact = num_seeds <= MOST_SEEDS_EXACT
    found = stats.permutation_test(
        tuple(samples),
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**num_seeds if exact else SWAPS,
        batch=BATCH,
        axis=-1,
        rng=rng,
    )
    swapped = np.abs(found.null_distribution)
    slack = ROUNDING * np.max(swapped, initial=0.0, where=np.isfinite(swapped))
    nearer = int((swapped < abs(found.statistic) - slack).sum())  # nan is not
    added = 0 if exact else 1
    return float((swapped.size - nearer + added) / (swapped.size + added))
