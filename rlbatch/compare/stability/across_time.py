"""Stability along one training curve: dispersion, short-term risk, long-term risk.

Chan et al. 2020, "Measuring the Reliability of Reinforcement Learning Algorithms"
(https://arxiv.org/abs/1912.05663), table 1 and section 4.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlbatch.compare.stability.curves import (
    Compat,
    Floats,
    curves,
    differences,
    divisor,
    drawdown,
)
from rlbatch.compare.stability.tails import ALPHA, iqr, lower_cvar, upper_cvar
from rlbatch.compare.stability.windows import trailing


def dispersion_across_time(
    scores: npt.ArrayLike,
    steps: npt.ArrayLike,
    *,
    scale: float | None = None,
    window: float | None = None,
    points: npt.ArrayLike | None = None,
    compat: Compat = None,
) -> Floats:
    """DT, lower is better:  mean over windows of  IQR(Δy/Δt in the window) / scale.

    Chan et al. 2020 (https://arxiv.org/abs/1912.05663). A steady climb has none, however steep.

    Args:
        scores: `[..., T]` return at each evaluation.
        steps: `[T]` env steps, increasing; in another unit of time, `window` and `points` too.
        scale: return that counts as 1, the same for all regimes of an environment.
        window: env steps of a trailing window, (point − window, point]; None: the whole curve.
        points: `[P]` env steps at which windows end, each cut off where the curve begins; None:
            every evaluation with a full window.
        compat: "google": the published code, divided by each curve's own range.

    Returns:
        `[...]` scales per env step. A curve of two evaluations has 0.

    Raises:
        DataError: nan, fewer than two evaluations, or a window with fewer than two differences.
    """
    scores, steps = curves(scores, steps, "dispersion_across_time")
    by = divisor(scores, scale, compat, "dispersion_across_time")
    slopes = differences(scores, steps)
    spreads = [iqr(slopes[..., held]) for held in trailing(steps, window, points, compat)]
    return np.asarray(np.mean(spreads, axis=0) / by)


def short_term_risk(
    scores: npt.ArrayLike,
    steps: npt.ArrayLike,
    *,
    scale: float | None = None,
    alpha: float = ALPHA,
    compat: Compat = None,
) -> Floats:
    """SRT, higher is better:  CVaR_α of Δy/Δt, the lower tail, / scale.

    Chan et al. 2020 (https://arxiv.org/abs/1912.05663). How bad the worst steps down are.

    Args:
        scores: `[..., T]` return at each evaluation.
        steps: `[T]` env steps, increasing.
        scale: return that counts as 1, the same for all regimes of an environment.
        alpha: share of the differences in the tail.
        compat: "google": the published code, which divides each curve by its own range first.

    Returns:
        `[...]` scales per env step, negative where the curve falls.

    Raises:
        DataError: nan, or fewer than two evaluations.
    """
    scores, steps = curves(scores, steps, "short_term_risk")
    by = divisor(scores, scale, compat, "short_term_risk")
    return lower_cvar(differences(scores / by[..., None], steps), alpha)


def long_term_risk(
    scores: npt.ArrayLike,
    steps: npt.ArrayLike,
    *,
    scale: float | None = None,
    alpha: float = ALPHA,
    compat: Compat = None,
) -> Floats:
    """LRT, lower is better:  CVaR_α of the drawdown  max_{s≤t} y_s − y_t, the upper tail, / scale.

    Chan et al. 2020 (https://arxiv.org/abs/1912.05663). The risk is in the largest drawdowns; the
    published code averages the smallest, which are 0 on nearly every curve.

    Args:
        scores: `[..., T]` return at each evaluation.
        steps: `[T]` env steps, increasing; only their order counts.
        scale: return that counts as 1, the same for all regimes of an environment.
        alpha: share of the evaluations in the tail.
        compat: "google": the published code, its tail and each curve's own range.

    Returns:
        `[...]` scales, ≥ 0.

    Raises:
        DataError: nan, or fewer than two evaluations.
    """
    scores, _ = curves(scores, steps, "long_term_risk")
    by = divisor(scores, scale, compat, "long_term_risk")
    falls = drawdown(scores / by[..., None])
    return lower_cvar(falls, alpha) if compat == "google" else upper_cvar(falls, alpha)
