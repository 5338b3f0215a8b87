"""Stability of a fixed policy: dispersion and risk across its rollouts.

Chan et al. 2020, "Measuring the Reliability of Reinforcement Learning Algorithms"
(https://arxiv.org/abs/1912.05663), the metrics after learning.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlbatch.compare.stability.curves import Compat, Floats, enough, finite
from rlbatch.compare.stability.tails import ALPHA, iqr, lower_cvar
from rlbatch.errors import DataError, require


def dispersion_across_rollouts(
    returns: npt.ArrayLike, *, scale: float | None = None, compat: Compat = None
) -> Floats:
    """DF, lower is better:  IQR over rollouts / |median over rollouts|.

    Chan et al. 2020 (https://arxiv.org/abs/1912.05663), without the bars: where returns are
    negative the published ratio is too, and lower would be better no more.

    Args:
        returns: `[..., rollouts]` return of each episode of one policy.
        scale: a constant return in place of the median.
        compat: "google": the median with its sign.

    Returns:
        `[...]` shares of the median.

    Raises:
        DataError: nan, fewer than two rollouts, or a median of 0.
    """
    values, by = _checked(returns, scale, compat, "dispersion_across_rollouts")
    return np.asarray(iqr(values) / by)


def risk_across_rollouts(
    returns: npt.ArrayLike,
    *,
    scale: float | None = None,
    alpha: float = ALPHA,
    compat: Compat = None,
) -> Floats:
    """RF, higher is better:  CVaR_α over rollouts, the lower tail, / |median over rollouts|.

    Chan et al. 2020 (https://arxiv.org/abs/1912.05663), without the bars: where returns are
    negative the published code turns them over and averages the best rollouts.

    Args:
        returns: `[..., rollouts]` return of each episode of one policy.
        scale: a constant return in place of the median.
        alpha: share of the rollouts in the tail.
        compat: "google": divided by the median with its sign, then the tail.

    Returns:
        `[...]` shares of the median; 1 (−1 where returns are negative) if all are alike.

    Raises:
        DataError: nan, fewer than two rollouts, or a median of 0.
    """
    values, by = _checked(returns, scale, compat, "risk_across_rollouts")
    return lower_cvar(values / by[..., None], alpha)


def _checked(
    returns: npt.ArrayLike, scale: float | None, compat: Compat, where: str
) -> tuple[Floats, Floats]:
    """The returns, `[..., rollouts]`, and what they are divided by, `[...]`."""
    values = finite(returns, where, ("seed", "rollout"))
    enough(values.shape[-1] if values.ndim else 1, where, "rollouts")
    if scale is not None:
        require(np.isfinite(scale) and scale > 0, f"{where}.scale", "a return above 0", scale)
        return values, np.full(values.shape[:-1], scale)
    median = np.median(values, axis=-1)
    if not np.all(median):
        place = f" at seed {np.argwhere(median == 0)[0][-1]}" if median.ndim else ""
        raise DataError(where, "a median other than 0", f"0{place}", "Give a scale.")
    return values, np.asarray(median if compat == "google" else np.abs(median))
