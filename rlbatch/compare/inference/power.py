"""How many paired seeds an effect of a given size needs."""

from __future__ import annotations

import math

from scipy import stats

from rlbatch.compare.inference.holm import least_seeds
from rlbatch.errors import require

NOTHING = 1e-9  # effects that are none
MANY = 100_000  # seeds; from here on the t distribution is the normal one


def seeds_needed(effect: float, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Paired seeds at which a two-sided paired t test rejects with probability `power`.

        n = min n:  P(|t'| > t₁₋α⸝₂) ≥ power,   t' noncentral t with n − 1 degrees of freedom
                                                 and noncentrality d_z · √n

    Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences"
    (https://doi.org/10.4324/9780203771587). The sign-flip test has nearly the same power, but
    none at all below `least_seeds(1, alpha)`, so the answer is never less. An effect that was
    measured on few seeds is itself uncertain, and so is the answer.

    Args:
        effect: d_z, mean over standard deviation of the paired differences; ±∞ is allowed.
        alpha: of one test; divide by the number of tests for the first step of Holm.
        power: wanted probability of rejection.

    Returns:
        Seeds; None where the effect is 0.
    """
    require(not math.isnan(effect), "effect", "a number", effect)
    require(0.0 < alpha < 1.0, "alpha", "a share between 0 and 1", alpha)
    require(alpha < power < 1.0, "power", f"a share between alpha ({alpha}) and 1", power)
    size = abs(effect)
    if size < NOTHING:
        return None
    quantiles = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)
    num_seeds = max(least_seeds(1, alpha), math.ceil((float(quantiles) / size) ** 2))
    while num_seeds < MANY and _power(size, num_seeds, alpha) < power:
        num_seeds += 1
    return num_seeds


def _power(effect: float, num_seeds: int, alpha: float) -> float:
    """Chance that a two-sided paired t test rejects; the far tail, below α / 2, is left out."""
    freedom = num_seeds - 1
    critical = stats.t.ppf(1 - alpha / 2, freedom)
    shift = min(effect * math.sqrt(num_seeds), 30.0)  # beyond, the chance is 1
    return float(stats.nct.sf(critical, freedom, shift))
