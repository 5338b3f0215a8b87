"""One update of L learners."""

from rlbatch.learner.learner import Learner
from rlbatch.learner.settings import (
    AdamSettings,
    Constants,
    HardTarget,
    LearnerSettings,
    NoiseScale,
    PolyakTarget,
    SGDSettings,
)

__all__ = [
    "AdamSettings",
    "Constants",
    "HardTarget",
    "Learner",
    "LearnerSettings",
    "NoiseScale",
    "PolyakTarget",
    "SGDSettings",
]
