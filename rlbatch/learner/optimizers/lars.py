"""LARS: SGD with a rate for every layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rlbatch.learner.optimizers.layers import Layers
from rlbatch.learner.optimizers.protocol import Betas, keep_where
from rlbatch.learner.optimizers.settings import LARSSettings


class LARS:
    """θ ← θ − v,   v ← μ v + lr · r · (g + λ θ),   r = η ‖θ‖ / (‖g‖ + λ ‖θ‖) of each layer.

    r = 1 where ‖θ‖ or ‖g‖ is 0; r = 1 and λ = 0 for parameters of one dimension, see `Layers`. As
    in the paper the velocity holds the learning rates of its time: You, Gitman and Ginsburg 2017,
    https://arxiv.org/abs/1708.03888.

    Args:
        settings: η, μ and λ.
        flat: `[L, P]` parameters.
        shapes: see `Layers`.
    """

    def __init__(
        self, settings: LARSSettings, flat: Tensor, shapes: Sequence[Sequence[int]] | None
    ) -> None:
        self._settings, self.lanes, self._layers = settings, len(flat), Layers(flat, shapes)
        self._decay = settings.weight_decay * self._layers.adapted  # [P]
        self.state = {"velocity": torch.zeros_like(flat)} if settings.momentum else {}

    def step(
        self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor, betas: Betas | None = None
    ) -> None:
        own, layers = self._settings, self._layers
        weights, grads = layers.norms(flat), layers.norms(grad)
        ratio = own.trust * weights / (grads + own.weight_decay * weights)
        rate = layers.spread(ratio, weights, grads) * lr.float()[:, None]
        move = torch.addcmul(grad, self._decay, flat).mul_(rate)
        if "velocity" in self.state:
            move += self.state["velocity"] * own.momentum
            keep_where(ok, move, self.state["velocity"])
        keep_where(ok, flat - move, flat)

    def rescale(self, ratio: Tensor) -> None:
        """Nothing: the velocity is a first moment, whose mean B does not change."""
