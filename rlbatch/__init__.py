"""Experience replay for DQN-style agents, with the sampled batch size on a schedule."""

from rlbatch import schedule
from rlbatch.learner import Learner, LearnerSettings
from rlbatch.replay import ReplayBuffer
from rlbatch.types import Batch, Record, RowLoss, Signal, Step

__version__ = "0.1.0"

__all__ = [
    "Batch",
    "Learner",
    "LearnerSettings",
    "Record",
    "ReplayBuffer",
    "RowLoss",
    "Signal",
    "Step",
    "__version__",
    "schedule",
]
