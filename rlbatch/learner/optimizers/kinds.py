"""Which optimiser the settings name."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from rlbatch.learner.optimizers.adam import Adam
from rlbatch.learner.optimizers.lamb import LAMB
from rlbatch.learner.optimizers.lars import LARS
from rlbatch.learner.optimizers.protocol import Optimizer
from rlbatch.learner.optimizers.rmsprop import RMSProp
from rlbatch.learner.optimizers.settings import (
    LAMBSettings,
    LARSSettings,
    OptimizerSettings,
    RMSPropSettings,
    SGDSettings,
)
from rlbatch.learner.optimizers.sgd import SGD


def optimizer_for(
    settings: OptimizerSettings, flat: Tensor, shapes: Sequence[Sequence[int]] | None = None
) -> Optimizer:
    """The optimiser that the settings name, without memory.

    Args:
        settings: of all lanes.
        flat: `[L, P]` parameters.
        shapes: of each parameter of one lane, in the order of P, for LARS and LAMB; None: they take
            P for one layer.
    """
    if isinstance(settings, LARSSettings):
        return LARS(settings, flat, shapes)
    if isinstance(settings, LAMBSettings):
        return LAMB(settings, flat, shapes)
    if isinstance(settings, SGDSettings):
        return SGD(settings, flat)
    if isinstance(settings, RMSPropSettings):
        return RMSProp(settings, flat)
    return Adam(settings, flat)
