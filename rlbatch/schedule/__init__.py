"""Decide how many rows a batch has."""

from rlbatch.schedule.control import Control, Verdict, ask
from rlbatch.schedule.controllers import (
    AdaptiveScaling,
    Dispersion,
    ExcessLoss,
    FollowNoise,
    FollowReturn,
    Goodput,
    NormTest,
    PlateauDoubling,
    ReuseGuard,
)
from rlbatch.schedule.coupled import AdamConstants, adam_constants, polyak_share, target_period
from rlbatch.schedule.coupling import Coupling, lr_factor, require_fit, warmed
from rlbatch.schedule.cyclic import Cyclic
from rlbatch.schedule.detector import Detector, Stage
from rlbatch.schedule.epsilon import Epsilon
from rlbatch.schedule.fixed import Fixed
from rlbatch.schedule.ladder import Ladder
from rlbatch.schedule.phase import Phase, phase
from rlbatch.schedule.phased import Phased
from rlbatch.schedule.plan import BatchPlan, Decision
from rlbatch.schedule.ramps import Geometric, Linear
from rlbatch.schedule.random_sizes import RandomSizes
from rlbatch.schedule.replayed import Replayed, Trajectory

__all__ = [
    "AdamConstants",
    "AdaptiveScaling",
    "BatchPlan",
    "Control",
    "Coupling",
    "Cyclic",
    "Decision",
    "Detector",
    "Dispersion",
    "Epsilon",
    "ExcessLoss",
    "Fixed",
    "FollowNoise",
    "FollowReturn",
    "Geometric",
    "Goodput",
    "Ladder",
    "Linear",
    "NormTest",
    "Phase",
    "Phased",
    "PlateauDoubling",
    "RandomSizes",
    "Replayed",
    "ReuseGuard",
    "Stage",
    "Trajectory",
    "Verdict",
    "adam_constants",
    "ask",
    "lr_factor",
    "phase",
    "polyak_share",
    "require_fit",
    "target_period",
    "warmed",
]
