"""How long a run took to be good enough, where some runs never were."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlbatch.compare.stability.curves import Floats
from rlbatch.compare.stability.endpoints import along
from rlbatch.errors import DataError, require


def time_to_threshold(scores: npt.ArrayLike, x: npt.ArrayLike, threshold: float) -> Floats:
    """First x at which the curve is at or above the threshold; inf where it never is.

    Args:
        scores: `[..., T]` return at each evaluation.
        x: `[T]`, or `[..., T]` where runs differ, of env steps, updates, samples or seconds.
        threshold: return.

    Returns:
        `[...]`, in the unit of x.

    Raises:
        DataError: nan, or an axis that goes back.
    """
    values, axis = along(scores, x, "time_to_threshold")
    return np.asarray(np.where(values >= threshold, axis, np.inf).min(axis=-1))


def restricted_mean(times: npt.ArrayLike, horizon: float) -> Floats:
    """Restricted mean time:  mean over seeds of  min(time, horizon).

    Runs that never got there count as the horizon, so it is a lower bound on the mean time, and
    to be read beside `num_reached`. Royston & Parmar 2013, "Restricted mean survival time"
    (https://doi.org/10.1186/1471-2288-13-152).

    Args:
        times: `[..., seeds]`, inf where censored.
        horizon: the longest time looked at, in the same unit.

    Returns:
        `[...]`, in the unit of the times.

    Raises:
        DataError: nan, or no seed.
    """
    require(np.isfinite(horizon), "restricted_mean.horizon", "a finite time", horizon)
    return np.asarray(np.minimum(_times(times, "restricted_mean"), horizon).mean(axis=-1))


def num_reached(times: npt.ArrayLike, horizon: float = np.inf) -> npt.NDArray[np.int64]:
    """How many seeds got there by the horizon.

    Args:
        times: `[..., seeds]`, inf where censored.

    Returns:
        `[...]` seeds.

    Raises:
        DataError: nan, or no seed.
    """
    array = _times(times, "num_reached")
    return np.asarray((np.isfinite(array) & (array <= horizon)).sum(axis=-1), dtype=np.int64)


def _times(times: npt.ArrayLike, where: str) -> Floats:
    """The times as float64; inf passes, nan does not."""
    array = np.asarray(times, dtype=np.float64)
    if not array.ndim or not array.shape[-1]:
        raise DataError(where, "at least 1 seed", 0)
    if np.isnan(array).any():
        seed = np.argwhere(np.isnan(array))[0][-1]
        advice = "A run that never got there has the time inf."
        raise DataError(where, "times", f"nan at seed {seed}", advice)
    return array
