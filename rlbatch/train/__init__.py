"""The loop: act, remember, learn, evaluate."""

from rlbatch.train.evaluate import Evaluator
from rlbatch.train.exploration import Exploration
from rlbatch.train.records import Moment
from rlbatch.train.settings import Evaluation, Learn, TrainSettings
from rlbatch.train.stop import Stop
from rlbatch.train.sweep import Sweep
from rlbatch.train.trainer import Trainer

__all__ = [
    "Evaluation",
    "Evaluator",
    "Exploration",
    "Learn",
    "Moment",
    "Stop",
    "Sweep",
    "TrainSettings",
    "Trainer",
]
