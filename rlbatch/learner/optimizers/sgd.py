"""Stochastic gradient descent."""

from __future__ import annotations

import torch
from torch import Tensor

from rlbatch.learner.optimizers.protocol import Betas, keep_where
from rlbatch.learner.optimizers.settings import SGDSettings


class SGD:
    """θ ← θ − lr · v,   v ← μ v + g,   g ← g + λ θ;  Nesterov's goes by g + μ v in place of v.

    Equal to torch.optim.SGD lane by lane.
    """

    def __init__(self, settings: SGDSettings, flat: Tensor) -> None:
        self._settings, self.lanes = settings, len(flat)
        self.state = {"velocity": torch.zeros_like(flat)} if settings.momentum else {}

    def step(
        self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor, betas: Betas | None = None
    ) -> None:
        own = self._settings
        if own.weight_decay:
            grad = grad.add(flat, alpha=own.weight_decay)
        if "velocity" in self.state:
            velocity = self.state["velocity"] * own.momentum + grad
            grad = grad.add(velocity, alpha=own.momentum) if own.nesterov else velocity
            keep_where(ok, velocity, self.state["velocity"])
        keep_where(ok, flat - grad * lr.float()[:, None], flat)

    def rescale(self, ratio: Tensor) -> None:
        """Nothing: the velocity is a first moment, whose mean B does not change."""
