"""RMSprop."""

from __future__ import annotations

import torch
from torch import Tensor

from rlbatch.learner.optimizers.moments import Prepared, Shares, next_mean, next_square
from rlbatch.learner.optimizers.protocol import Betas, keep_where
from rlbatch.learner.optimizers.rmsprop_kernel import rmsprop_in_one_pass
from rlbatch.learner.optimizers.settings import RMSPropSettings


class RMSProp:
    """θ ← θ − lr · g / (√v + ε), equal to torch.optim.RMSprop lane by lane.

        v = s,  or centred  s − m²      m ← α m + (1 − α) g      s ← α s + (1 − α) g²

    With momentum the step is lr · u,  u ← μ u + g / (√v + ε). Both averages start at zero, without
    bias correction. Where rounding takes a centred v below 0, it counts as 0. Centred it is the
    optimiser of Mnih et al. 2015, https://www.nature.com/articles/nature14236, but that ε stands
    outside the root.
    """

    def __init__(self, settings: RMSPropSettings, flat: Tensor) -> None:
        self.lanes = len(flat)
        self._momentum = torch.full((len(flat),), settings.momentum, device=flat.device)
        self._prepared = Prepared((settings.alpha, settings.alpha, settings.eps), flat)
        used = {"square": True, "mean": settings.centered, "velocity": settings.momentum > 0.0}
        self.state = {name: torch.zeros_like(flat) for name, on in used.items() if on}
        self._none = torch.zeros((len(flat), 0), device=flat.device)

    def step(
        self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor, betas: Betas | None = None
    ) -> None:
        move = self._in_one_pass if flat.device.type == "cpu" else self._by_tensors
        move(flat, grad, lr.float(), ok, self._prepared.of(betas))

    def rescale(self, ratio: Tensor) -> None:
        """v → v / ratio; centred that is the part of the square that the mean leaves over."""
        square = self.state["square"]
        told = ratio.to(square.device, square.dtype)[:, None]
        spread = _spread(self.state) / told
        if "mean" in self.state:
            spread.addcmul_(self.state["mean"], self.state["mean"])
        keep_where(told[:, 0] != 1.0, spread, square)

    def _in_one_pass(
        self, flat: Tensor, grad: Tensor, rate: Tensor, ok: Tensor, shares: Shares
    ) -> None:
        own = [self.state.get(name, self._none) for name in ("square", "mean", "velocity")]
        arrays = (flat, grad, *own, rate, self._momentum, ok, shares.kernel)
        rmsprop_in_one_pass(*(array.numpy() for array in arrays))

    def _by_tensors(
        self, flat: Tensor, grad: Tensor, rate: Tensor, ok: Tensor, shares: Shares
    ) -> None:
        state = self.state
        new = {"square": next_square(state["square"], grad, shares)}
        if "mean" in state:
            new["mean"] = next_mean(state["mean"], grad, shares)
        move = grad / _spread(new).sqrt().add_(shares.kernel[:, 3:])
        if "velocity" in state:
            move = new["velocity"] = state["velocity"] * self._momentum[:, None] + move
        for name, own in state.items():
            keep_where(ok, new[name], own)
        keep_where(ok, flat - move * rate[:, None], flat)


def _spread(averages: dict[str, Tensor]) -> Tensor:
    """v `[L, P]`, a tensor of its own where it is centred."""
    square = averages["square"]
    if "mean" not in averages:
        return square
    return square.addcmul(averages["mean"], averages["mean"], value=-1.0).clamp_(min=0.0)
