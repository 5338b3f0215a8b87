"""Decide how many rows a batch has from what the learner shows: pure functions with a memory.

A controller only says what it wants, a float in [low, high]; smoothing, deadband, rate limit and
rounding are done around it. So are gaps: it is called only when all of its `signals` are present
and finite (`noise_high` may be infinite), and the last size stays otherwise. Meters are means of
one lane since the last decision.
"""

from rlbatch.schedule.controllers.adaptive_scaling import AdaptiveScaling
from rlbatch.schedule.controllers.cabs import ExcessLoss
from rlbatch.schedule.controllers.dispersion import Dispersion
from rlbatch.schedule.controllers.goodput import Goodput
from rlbatch.schedule.controllers.noise_scale import FollowNoise
from rlbatch.schedule.controllers.norm_test import NormTest
from rlbatch.schedule.controllers.plateau_doubling import PlateauDoubling
from rlbatch.schedule.controllers.returns import FollowReturn
from rlbatch.schedule.controllers.reuse_guard import ReuseGuard

__all__ = [
    "AdaptiveScaling",
    "Dispersion",
    "ExcessLoss",
    "FollowNoise",
    "FollowReturn",
    "Goodput",
    "NormTest",
    "PlateauDoubling",
    "ReuseGuard",
]
