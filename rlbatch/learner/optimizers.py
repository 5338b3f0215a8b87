"""Optimisers over lanes: parameters `[L, P]`, a learning rate and a step count per lane."""

from __future__ import annotations

from typing import Any, Protocol

import numba
import numpy as np
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
        own, t = self._settings, self.state["t"]
        t += ok
        rate = (lr / (1.0 - own.beta1**t)).float()
        root = (1.0 - own.beta2**t).sqrt().float()  # of the second moment's bias correction
        move = self._in_one_pass if flat.device.type == "cpu" else self._by_tensors
        move(flat, grad, rate, root, ok)

    def _in_one_pass(
        self, flat: Tensor, grad: Tensor, rate: Tensor, root: Tensor, ok: Tensor
    ) -> None:
        """On the CPU twelve passes over memory, and their temporaries, cost ten times as much."""
        own, state = self._settings, self.state
        arrays = (flat, grad, state["mean"], state["square"], rate, root, ok)
        constants = tuple(map(np.float32, (1 - own.beta1, own.beta2, 1 - own.beta2, own.eps)))
        kernel: Any = _adam
        kernel(*(array.numpy() for array in arrays), constants)

    def _by_tensors(
        self, flat: Tensor, grad: Tensor, rate: Tensor, root: Tensor, ok: Tensor
    ) -> None:
        own, state, on = self._settings, self.state, ok[:, None]
        mean = state["mean"].lerp(grad, 1.0 - own.beta1)
        square = (state["square"] * own.beta2).addcmul_(grad, grad, value=1.0 - own.beta2)
        denominator = square.sqrt().div_(root[:, None]).add_(own.eps)
        moved = flat - (mean / denominator).mul_(rate[:, None])
        torch.where(on, mean, state["mean"], out=state["mean"])
        torch.where(on, square, state["square"], out=state["square"])
        torch.where(on, moved, flat, out=flat)


@numba.njit(cache=True, error_model="numpy")  # a check for division by 0 stops vectorising
def _adam_row(
    flat: Any, grad: Any, mean: Any, square: Any, rate: Any, root: Any, constants: Any
) -> None:
    """Adam over one lane `[P]`; the constants are 1 − β₁, β₂, 1 − β₂ and ε."""
    fresh1, beta2, fresh2, eps = constants
    for i in range(flat.shape[0]):
        m = mean[i] + (grad[i] - mean[i]) * fresh1
        s = square[i] * beta2 + grad[i] * grad[i] * fresh2
        mean[i] = m
        square[i] = s
        flat[i] -= rate * m / (np.sqrt(s) / root + eps)


@numba.njit(cache=True)
def _adam(
    flat: Any, grad: Any, mean: Any, square: Any, rate: Any, root: Any, ok: Any, constants: Any
) -> None:
    """Adam over the lanes that are `ok`, `[L, P]`."""
    for lane in range(flat.shape[0]):
        if ok[lane]:
            _adam_row(
                flat[lane], grad[lane], mean[lane], square[lane], rate[lane], root[lane], constants
            )


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
