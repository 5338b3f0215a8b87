"""Optimisers over lanes: parameters `[L, P]`, a learning rate and a step count per lane."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from rlbatch.learner.settings import AdamSettings, SGDSettings


class Optimizer(Protocol):
    """Changes parameters in place; lanes that are not `ok` stay as they are, to the bit."""

    state: dict[str, Tensor]  # all that it remembers, [L, ...] each

    def step(self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor) -> None:
        """One step.

        Args:
            flat: `[L, P]` parameters.
            grad: `[L, P]` finite where `ok`.
            lr: `[L]`.
            ok: `[L]` bool.
        """
        ...


class Adam:
    """θ ← θ − lr · m̂ / (√v̂ + ε), equal to torch.optim.Adam lane by lane.

    Kingma and Ba 2015, https://arxiv.org/abs/1412.6980.
    """

    def __init__(self, settings: AdamSettings, flat: Tensor) -> None:
        self._settings = settings
        self.state = {
            "mean": torch.zeros_like(flat),
            "square": torch.zeros_like(flat),
            "t": torch.zeros(len(flat), dtype=torch.float64, device=flat.device),  # steps taken
        }

    def step(self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor) -> None:
        own, state, on = self._settings, self.state, ok[:, None]
        state["t"] += ok
        bias1 = 1.0 - own.beta1 ** state["t"]
        bias2 = (1.0 - own.beta2 ** state["t"]).sqrt().float()
        mean = state["mean"].lerp(grad, 1.0 - own.beta1)
        square = (state["square"] * own.beta2).addcmul_(grad, grad, value=1.0 - own.beta2)
        denominator = square.sqrt().div_(bias2[:, None]).add_(own.eps)
        moved = flat - (mean / denominator).mul_((lr / bias1).float()[:, None])
        torch.where(on, mean, state["mean"], out=state["mean"])
        torch.where(on, square, state["square"], out=state["square"])
        torch.where(on, moved, flat, out=flat)


class SGD:
    """θ ← θ − lr · v,   v ← momentum · v + g; equal to torch.optim.SGD lane by lane."""

    def __init__(self, settings: SGDSettings, flat: Tensor) -> None:
        self._settings = settings
        self.state = {"velocity": torch.zeros_like(flat)} if settings.momentum else {}

    def step(self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor) -> None:
        on = ok[:, None]
        if "velocity" in self.state:
            old = self.state["velocity"]
            grad = old * self._settings.momentum + grad
            torch.where(on, grad, old, out=old)
        torch.where(on, flat - grad * lr.float()[:, None], flat, out=flat)


def optimizer_for(settings: AdamSettings | SGDSettings, flat: Tensor) -> Optimizer:
    """The optimiser that the settings name, over parameters `[L, P]`."""
    return Adam(settings, flat) if isinstance(settings, AdamSettings) else SGD(settings, flat)
