"""How well and how steadily runs learned: pure functions on evaluation curves."""

from rlbatch.compare.stability.across_runs import (
    dispersion_across_runs,
    lowpassed_dispersion,
    lowpassed_risk,
    risk_across_runs,
)
from rlbatch.compare.stability.across_time import (
    dispersion_across_time,
    long_term_risk,
    short_term_risk,
)
from rlbatch.compare.stability.collapse import collapsed
from rlbatch.compare.stability.curves import curve_range, differences, drawdown
from rlbatch.compare.stability.endpoints import auc, final_return, worst_seed
from rlbatch.compare.stability.lowpass import lowpass
from rlbatch.compare.stability.rollouts import dispersion_across_rollouts, risk_across_rollouts
from rlbatch.compare.stability.tails import iqr, lower_cvar, upper_cvar
from rlbatch.compare.stability.thresholds import num_reached, restricted_mean, time_to_threshold

__all__ = [
    "auc",
    "collapsed",
    "curve_range",
    "differences",
    "dispersion_across_rollouts",
    "dispersion_across_runs",
    "dispersion_across_time",
    "drawdown",
    "final_return",
    "iqr",
    "long_term_risk",
    "lower_cvar",
    "lowpass",
    "lowpassed_dispersion",
    "lowpassed_risk",
    "num_reached",
    "restricted_mean",
    "risk_across_rollouts",
    "risk_across_runs",
    "short_term_risk",
    "time_to_threshold",
    "upper_cvar",
    "worst_seed",
]
