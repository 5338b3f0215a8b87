"""Decide how many rows a batch has."""

from rlbatch.schedule.coupling import Coupling, lr_factor
from rlbatch.schedule.epsilon import Epsilon
from rlbatch.schedule.fixed import Fixed
from rlbatch.schedule.ladder import Ladder
from rlbatch.schedule.phase import Phase, phase
from rlbatch.schedule.phased import Phased
from rlbatch.schedule.plan import BatchPlan, Decision
from rlbatch.schedule.ramps import Geometric, Linear
from rlbatch.schedule.replayed import Replayed, Trajectory

__all__ = [
    "BatchPlan",
    "Coupling",
    "Decision",
    "Epsilon",
    "Fixed",
    "Geometric",
    "Ladder",
    "Linear",
    "Phase",
    "Phased",
    "Replayed",
    "Trajectory",
    "lr_factor",
    "phase",
]
