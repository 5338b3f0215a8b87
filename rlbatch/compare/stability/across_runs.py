"""Stability from run to run: dispersion and risk across the seeds of a regime.

Chan et al. 2020, "Measuring the Reliability of Reinforcement Learning Algorithms"
(https://arxiv.org/abs/1912.05663). Resampling draws runs, thousands of times: filter each run
once with `lowpass`, then hand the drawn runs to `lowpassed_dispersion` and `lowpassed_risk`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlbatch.compare.stability.curves import Compat, Floats, curves, divisor, enough, finite
from rlbatch.compare.stability.lowpass import lowpass
from rlbatch.compare.stability.tails import ALPHA, iqr, lower_cvar
from rlbatch.errors import DataError


def dispersion_across_runs(
    scores: npt.ArrayLike,
    steps: npt.ArrayLike,
    *,
    scale: float | None = None,
    period: float | None,
    points: npt.ArrayLike | None = None,
    compat: Compat = None,
) -> Floats:
    """DR, lower is better:  mean over points of  IQR over runs of the low-passed curves / scale.

    Chan et al. 2020 (https://arxiv.org/abs/1912.05663).

    Args:
        scores: `[..., runs, T]` return at each evaluation.
        steps: `[T]` env steps at equal distances.
        scale: return that counts as 1, the same for all regimes of an environment.
        period: cut-off of the low-pass filter, env steps; None: no filter.
        points: `[P]` env steps, each that of an evaluation; None: all.
        compat: "google": the published filter; divided by the median over runs of their ranges.

    Returns:
        `[...]` scales.

    Raises:
        DataError: nan, fewer than two runs or evaluations, or curves too short for the filter.
    """
    where = "dispersion_across_runs"
    scores, steps = curves(scores, steps, where)
    by = divisor(scores, scale, compat, where)
    smooth = _at(points, scores, steps, period, compat, where)
    return lowpassed_dispersion(smooth, scale=1.0) / (by if by.ndim == 0 else np.median(by, -1))


def risk_across_runs(
    scores: npt.ArrayLike,
    steps: npt.ArrayLike,
    *,
    scale: float | None = None,
    period: float | None,
    points: npt.ArrayLike | None = None,
    alpha: float = ALPHA,
    compat: Compat = None,
) -> Floats:
    """RR, higher is better:  mean over points of  CVaR_α over runs, the lower tail, / scale.

    Chan et al. 2020 (https://arxiv.org/abs/1912.05663). What the worst seeds return; it moves
    with the level of the curves.

    Args:
        scores: `[..., runs, T]` return at each evaluation.
        steps: `[T]` env steps at equal distances.
        scale: return that counts as 1, the same for all regimes of an environment.
        period: cut-off of the low-pass filter, env steps; None: no filter.
        points: `[P]` env steps, each that of an evaluation; None: all.
        alpha: share of the runs in the tail; below 21 runs at 0.05, the worst one.
        compat: "google": the published filter; each run is divided by its own range first.

    Returns:
        `[...]` scales.

    Raises:
        DataError: nan, fewer than two runs or evaluations, or curves too short for the filter.
    """
    where = "risk_across_runs"
    scores, steps = curves(scores, steps, where)
    by = divisor(scores, scale, compat, where)[..., None]
    smooth = _at(points, scores, steps, period, compat, where) / by
    if np.isnan(smooth).any():  # a range of 0, compat alone
        return np.full(smooth.shape[:-2], np.nan)
    return lowpassed_risk(smooth, scale=1.0, alpha=alpha)


def lowpassed_dispersion(smooth: npt.ArrayLike, *, scale: float) -> Floats:
    """DR of curves that `lowpass` has been over:  mean over points of  IQR over runs / scale.

    Args:
        smooth: `[..., runs, P]` return at the evaluation points; leading axes are resamples.
        scale: return that counts as 1.

    Returns:
        `[...]` scales.
    """
    values = _runs(smooth, "dispersion_across_runs")
    by = divisor(values, scale, None, "dispersion_across_runs")
    return np.asarray(iqr(values, axis=-2).mean(-1) / by)


def lowpassed_risk(smooth: npt.ArrayLike, *, scale: float, alpha: float = ALPHA) -> Floats:
    """RR of curves that `lowpass` has been over:  mean over points of  CVaR_α over runs / scale.

    Args:
        smooth: `[..., runs, P]` return at the evaluation points; leading axes are resamples.
        scale: return that counts as 1.
        alpha: share of the runs in the tail.

    Returns:
        `[...]` scales.
    """
    values = _runs(smooth, "risk_across_runs")
    by = divisor(values, scale, None, "risk_across_runs")
    return np.asarray(lower_cvar(values, alpha, axis=-2).mean(-1) / by)


def _runs(smooth: npt.ArrayLike, where: str) -> Floats:
    """The curves as float64; refuses nan and a single run."""
    values = finite(smooth, where)
    enough(values.shape[-2] if values.ndim > 1 else 1, where, "runs")
    return values


def _at(
    points: npt.ArrayLike | None,
    scores: Floats,
    steps: Floats,
    period: float | None,
    compat: Compat,
    where: str,
) -> Floats:
    """The low-passed curves at the points, `[..., runs, P]`."""
    smooth = scores if period is None else lowpass(scores, steps, period, compat=compat)
    if points is None:
        return smooth
    wanted = np.asarray(points, dtype=np.float64)
    column = np.searchsorted(steps, wanted).clip(max=steps.size - 1)
    astray = wanted[steps[column] != wanted]
    if astray.size:
        raise DataError(f"{where}.points", "steps of evaluations", f"{astray[0]:g}")
    return smooth[..., column]
