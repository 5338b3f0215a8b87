"""Adam, and AdamW."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from rlbatch.learner.optimizers.adam_kernel import adam_in_one_pass
from rlbatch.learner.optimizers.moments import (
    Prepared,
    Shares,
    corrections,
    divide,
    empty_moments,
    next_mean,
    next_square,
)
from rlbatch.learner.optimizers.protocol import Betas, keep_where
from rlbatch.learner.optimizers.settings import AdamSettings, AdamWSettings


class Adam:
    """θ ← θ − lr · m̂ / (√v̂ + ε), equal to torch.optim.Adam lane by lane.

        m̂ = m / (1 − Πβ₁)      v̂ = v / (1 − Πβ₂)      over the steps that a lane has taken

    Kingma and Ba 2015, https://arxiv.org/abs/1412.6980. AdamW takes the same step from (1 − lr · λ)
    θ, equal to torch.optim.AdamW: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101.
    """

    def __init__(self, settings: AdamSettings | AdamWSettings, flat: Tensor) -> None:
        self.lanes, self.state = len(flat), empty_moments(flat)
        self._prepared = Prepared((settings.beta1, settings.beta2, settings.eps), flat)
        self._decay = settings.weight_decay if isinstance(settings, AdamWSettings) else 0.0

    def step(
        self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor, betas: Betas | None = None
    ) -> None:
        shares = self._prepared.of(betas)
        move = self._in_one_pass if flat.is_cpu else self._by_tensors
        move(flat, grad, lr, ok, shares)

    def rescale(self, ratio: Tensor) -> None:
        divide(self.state["square"], ratio)

    def _in_one_pass(
        self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor, shares: Shares
    ) -> None:
        """On the CPU twelve passes over memory, and their temporaries, cost ten times as much."""
        tensors = flat, grad, *self.state.values(), lr, ok, *shares
        told: list[Any] = [*(tensor.numpy() for tensor in tensors), self._decay]
        adam_in_one_pass(*told)

    def _by_tensors(
        self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor, shares: Shares
    ) -> None:
        first, second = corrections(self.state["zero"], shares, ok)
        rate, root = (lr / first).float(), second.sqrt().float()
        own_mean, own_square = self.state["mean"], self.state["square"]
        mean, square = next_mean(own_mean, grad, shares), next_square(own_square, grad, shares)
        denominator = square.sqrt().div_(root[:, None]).add_(shares.kernel[:, 3:])
        start = flat * (1.0 - lr * self._decay).float()[:, None] if self._decay else flat
        moved = start - (mean / denominator).mul_(rate[:, None])
        for new, own in ((mean, own_mean), (square, own_square), (moved, flat)):
            keep_where(ok, new, own)
