"""One update of L learners."""

from rlbatch.learner.learner import Learner
from rlbatch.learner.settings import (
    AdamSettings,
    HardTarget,
    LearnerSettings,
    PolyakTarget,
    SGDSettings,
)

__all__ = [
    "AdamSettings",
    "HardTarget",
    "Learner",
    "LearnerSettings",
    "PolyakTarget",
    "SGDSettings",
]
