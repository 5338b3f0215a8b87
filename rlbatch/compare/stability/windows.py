"""Trailing windows over the dates of a curve's differences."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlbatch.compare.stability.curves import Compat, Floats
from rlbatch.errors import DataError, require

WHERE = "dispersion_across_time"


def trailing(
    steps: Floats, window: float | None, points: npt.ArrayLike | None, compat: Compat
) -> list[slice]:
    """The differences in the window (point − window, point] of every point.

    Without a window: one, over the whole curve. Without points: every evaluation whose window
    lies inside the curve. compat="google" has [point − window + 1, point], and skips the first
    window that fits.

    Args:
        steps: `[T]` env steps of the evaluations.
        window: env steps.
        points: `[P]` env steps at which windows end.

    Returns:
        P slices of the `[T − 1]` differences.
    """
    dates = steps[1:]
    if window is None and points is None:
        return [slice(0, dates.size)]
    width = _whole(steps, compat) if window is None else window
    require(width > 0, f"{WHERE}.window", "env steps above 0", width)
    slack = 1e-9 * (steps[-1] - steps[0])  # for steps that are shares of a budget
    if points is None:
        first = steps[0] + width if compat is None else dates[0] + width - 1
        ends = dates[dates >= first - slack]
    else:
        ends = np.asarray(points, dtype=np.float64)
    first_in = ends - width + slack if compat is None else ends - width + 1
    start = np.searchsorted(dates, first_in, side="left")
    stop = np.searchsorted(dates, ends, side="right")
    if not ends.size:
        expected = f"a window that fits into the curve ({steps[-1] - steps[0]:g} env steps)"
        raise DataError(WHERE, expected, f"{width:g}", "Use a shorter window.")
    return _checked(start, stop, ends, least=2 if compat is None else 1)


def _whole(steps: Floats, compat: Compat) -> float:
    """The window that holds all differences."""
    return float(steps[-1] - steps[0] if compat is None else steps[-1] - steps[1] + 1)


def _checked(
    start: npt.NDArray[np.intp], stop: npt.NDArray[np.intp], ends: Floats, least: int
) -> list[slice]:
    """The slices, unless one holds too little for a spread."""
    advice = "Use a longer window, or evaluate more often."
    short = np.flatnonzero(stop - start < least)
    if short.size:
        end, held = ends[short[0]], int((stop - start)[short[0]])
        expected = f"at least {least} differences in the window that ends at {end:g}"
        raise DataError(WHERE, expected, held, advice)
    return [slice(int(a), int(b)) for a, b in zip(start, stop, strict=True)]
