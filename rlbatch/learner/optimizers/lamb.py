"""LAMB: Adam with a rate for every layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rlbatch.learner.optimizers.layers import Layers
from rlbatch.learner.optimizers.moments import (
    Prepared,
    corrections,
    divide,
    empty_moments,
    next_mean,
    next_square,
)
from rlbatch.learner.optimizers.protocol import Betas, keep_where
from rlbatch.learner.optimizers.settings import LAMBSettings


class LAMB:
    """θ ← θ − lr · (‖θ‖ / ‖u‖) · u of each layer,   u = m̂ / (√v̂ + ε) + λ θ.

    m̂ and v̂ are Adam's. The ratio is 1 where ‖θ‖ or ‖u‖ is 0, not bounded otherwise; it is 1, and
    λ = 0, for parameters of one dimension, see `Layers`. You et al. 2020,
    https://arxiv.org/abs/1904.00962.

    Args:
        settings: β₁, β₂, ε and λ.
        flat: `[L, P]` parameters.
        shapes: see `Layers`.
    """

    def __init__(
        self, settings: LAMBSettings, flat: Tensor, shapes: Sequence[Sequence[int]] | None
    ) -> None:
        self.lanes, self.state, self._layers = len(flat), empty_moments(flat), Layers(flat, shapes)
        self._prepared = Prepared((settings.beta1, settings.beta2, settings.eps), flat)
        self._decay = settings.weight_decay * self._layers.adapted  # [P]

    def step(
        self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor, betas: Betas | None = None
    ) -> None:
        state, layers, shares = self.state, self._layers, self._prepared.of(betas)
        first, second = (own.float()[:, None] for own in corrections(state["zero"], shares, ok))
        mean = next_mean(state["mean"], grad, shares)
        square = next_square(state["square"], grad, shares)
        update = (mean / first) / (square / second).sqrt_().add_(shares.kernel[:, 3:])
        update.addcmul_(self._decay, flat)
        weights, updates = layers.norms(flat), layers.norms(update)
        rate = layers.spread(weights / updates, weights, updates) * lr.float()[:, None]
        moved = torch.addcmul(flat, update, rate, value=-1.0)
        for new, own in ((mean, state["mean"]), (square, state["square"]), (moved, flat)):
            keep_where(ok, new, own)

    def rescale(self, ratio: Tensor) -> None:
        divide(self.state["square"], ratio)
