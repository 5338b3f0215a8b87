"""Optimisers over lanes."""

from rlbatch.learner.optimizers.adam import Adam
from rlbatch.learner.optimizers.kinds import optimizer_for
from rlbatch.learner.optimizers.lamb import LAMB
from rlbatch.learner.optimizers.lars import LARS
from rlbatch.learner.optimizers.protocol import Betas, Optimizer
from rlbatch.learner.optimizers.rmsprop import RMSProp
from rlbatch.learner.optimizers.settings import declared_betas
from rlbatch.learner.optimizers.sgd import SGD

__all__ = [
    "LAMB",
    "LARS",
    "SGD",
    "Adam",
    "Betas",
    "Optimizer",
    "RMSProp",
    "declared_betas",
    "optimizer_for",
]
