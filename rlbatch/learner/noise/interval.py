"""From sums to numbers: a ratio of averages and how well it is known."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Moments = npt.NDArray[np.float64]
CONFIDENCE = 0.95


def said(moments: Moments, count: float, weight_square: float) -> dict[str, float]:
    """What one lane's sums say, named as `NoiseMeter.read` names it; {} before the second.

    Args:
        moments: `[4, 4]` Σ w x xᵀ with x = (1, tr Σ, |G|², tr Σ as drawn).
        count: measurements.
        weight_square: Σ w².
    """
    if count < 2:
        return {}
    weight = float(moments[0, 0])
    _, trace, square, drawn = (moments[0] / weight).tolist()
    means = np.array([trace, square])
    freedom = max(weight**2 / weight_square - 1.0, 1e-6)  # n − 1,  n = (Σw)² / Σw²
    spread = (moments[1:3, 1:3] / weight - np.outer(means, means)) / freedom  # of the means
    low, high = _interval(trace, square, spread, freedom)
    return {
        "noise_scale": max(trace, 0.0) / square if square > 0.0 else math.inf,
        "noise_low": low,
        "noise_high": high,
        "grad_trace": trace,
        "grad_square": square,
        "noise_effective": trace / drawn if trace > 0.0 and drawn > 0.0 else 1.0,
    }


def _interval(trace: float, square: float, spread: Moments, freedom: float) -> tuple[float, float]:
    """95 % interval of R = s̄ / q̄ by the delta method on log R, with Student's t.

        Var(log R) = V(s̄)/s̄² − 2 C(s̄, q̄)/(s̄ q̄) + V(q̄)/q̄²

    Where q̄ is less than its own t-interval from 0, nothing bounds R from above. Simulated at
    B = 32 with true scales 32 to 2048 (rows with heavy tails, 5 to 200 measurements, single |Ĝ|²
    negative in 3 % to 61 % of them), 400 trials a case: covered in 93 % to 99.8 % of trials. On R
    itself it was 88 % at worst, and with 1.96 in t's place 90.5 %; Fieller's form 90.5 %, 83 %
    with 1.96. The log keeps the upper limit as far out as the skew of 1/q̄ asks for.
    """
    if trace <= 0.0 or square <= 0.0:
        return 0.0, math.inf
    t = float(stdtrit(freedom, 0.5 + CONFIDENCE / 2.0))
    slope = np.array([1.0 / trace, -1.0 / square])  # of log R
    reach = t * math.sqrt(max(float(slope @ spread @ slope), 0.0))
    ratio, factor = trace / square, math.exp(min(reach, 700.0))
    apart = square > t * math.sqrt(max(float(spread[1, 1]), 0.0))
    return ratio / factor, ratio * factor if apart else math.inf
