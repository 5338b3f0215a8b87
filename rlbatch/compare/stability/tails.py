"""Spread and tail means of a sample, along one axis."""

from __future__ import annotations

import math

import numpy as np

from rlbatch.compare.stability.curves import Floats
from rlbatch.errors import require

ALPHA = 0.05  # the tail of Chan et al. 2020


def iqr(values: Floats, axis: int = -1) -> Floats:
    """Interquartile range:  P75(x) − P25(x)."""
    low, high = np.percentile(values, [25, 75], axis=axis)
    return np.asarray(high - low)


def lower_cvar(values: Floats, alpha: float = ALPHA, axis: int = -1) -> Floats:
    """Conditional value at risk of the lower tail:  mean of x ≤ v,   v = percentile(x, 100 α).

    The percentile lies between two neighbours of the sorted sample, so the tail is what does not
    exceed the lower one; no rounding of v can empty it.

    Args:
        values: `[..., n, ...]`, n along `axis`.
        alpha: share of the sample in the tail, 0 to 1.

    Returns:
        `[...]`, without that axis.
    """
    require(0.0 < alpha < 1.0, "cvar.alpha", "a share between 0 and 1", alpha)
    rank = math.floor(round((values.shape[axis] - 1) * alpha, 9))  # 0.1 · 30 must be 3
    at_risk = np.partition(values, rank, axis=axis).take([rank], axis=axis)
    return np.asarray(values.mean(axis=axis, where=~(values > at_risk)))


def upper_cvar(values: Floats, alpha: float = ALPHA, axis: int = -1) -> Floats:
    """The same for the upper tail:  mean of x ≥ v,   v = percentile(x, 100 (1 − α))."""
    return -lower_cvar(-values, alpha, axis)
