"""One update of L learners."""

from rlbatch.learner.learner import Learner
from rlbatch.learner.lr_schedule import LrSchedule, lr_share
from rlbatch.learner.optimizers import declared_betas
from rlbatch.learner.optimizers.settings import (
    AdamSettings,
    AdamWSettings,
    LAMBSettings,
    LARSSettings,
    OptimizerSettings,
    RMSPropSettings,
    SGDSettings,
)
from rlbatch.learner.settings import (
    Constants,
    HardTarget,
    LearnerSettings,
    NoiseScale,
    PolyakTarget,
)

__all__ = [
    "AdamSettings",
    "AdamWSettings",
    "Constants",
    "HardTarget",
    "LAMBSettings",
    "LARSSettings",
    "Learner",
    "LearnerSettings",
    "LrSchedule",
    "NoiseScale",
    "OptimizerSettings",
    "PolyakTarget",
    "RMSPropSettings",
    "SGDSettings",
    "declared_betas",
    "lr_share",
]
