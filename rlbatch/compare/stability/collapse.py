"""Runs that were good once and were not at the end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlbatch.compare.stability.curves import enough, finite
from rlbatch.errors import require


def collapsed(
    scores: npt.ArrayLike,
    *,
    share: float = 0.5,
    low: float | None = None,
    rise: float = 0.0,
    patience: int = 1,
) -> npt.NDArray[np.bool_]:
    """Whether a run fell below a share of its best and stayed there to the end of its curve.

        y_t < low + share · (max y − low)   at each of the last `patience` evaluations

    The share is counted from `low`, not from 0: −500 … −70 is a scale as good as 0 … 500. A run
    that never rose by more than `rise` has nothing to lose and has not collapsed.

    Args:
        scores: `[..., T]` return at each evaluation.
        share: of the way from `low` to the best, below 1.
        low: return that counts as none; None: the lowest of each curve.
        rise: return by which the best must exceed `low`; keeps noise on a flat curve out.
        patience: evaluations at the end that must all be below.

    Returns:
        `[...]` bool.

    Raises:
        DataError: nan, or fewer than two evaluations.
    """
    require(0.0 < share < 1.0, "collapsed.share", "a share between 0 and 1", share)
    require(rise >= 0.0, "collapsed.rise", "a return of at least 0", rise)
    require(patience >= 1, "collapsed.patience", "at least 1 evaluation", patience)
    values = finite(scores, "collapsed")
    enough(values.shape[-1] if values.ndim else 0, "collapsed", "evaluations")
    best = values.max(axis=-1)
    floor = values.min(axis=-1) if low is None else np.full_like(best, low)
    line = floor + share * (best - floor)  # the best is not below it, so those below come after
    fell = (values[..., -patience:] < line[..., None]).all(axis=-1)
    return np.asarray(fell & (best - floor > rise))
