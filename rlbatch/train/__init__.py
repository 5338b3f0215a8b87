"""The loop: act, remember, learn, evaluate."""

from rlbatch.train.evaluate import Evaluator
from rlbatch.train.settings import Evaluation, Exploration, Learn, TrainSettings
from rlbatch.train.trainer import Moment, Trainer

__all__ = [
    "Evaluation",
    "Evaluator",
    "Exploration",
    "Learn",
    "Moment",
    "TrainSettings",
    "Trainer",
]
