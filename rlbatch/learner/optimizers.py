"""Optimisers over lanes: parameters `[L, P]`, a learning rate and constants per lane."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from rlbatch.learner.adam_kernel import adam_in_one_pass
from rlbatch.learner.settings import AdamSettings, SGDSettings


class Betas(NamedTuple):
    """Adam's constants, `[L]` float64 each; not to be changed in place."""

    beta1: Tensor
    beta2: Tensor
    eps: Tensor


class Optimizer(Protocol):
    """Changes parameters in place; lanes that are not `ok` stay as they are, to the bit."""

    lanes: int  # L
    state: dict[str, Tensor]  # all that it remembers, [L, n] each; zero before the first step

    def step(
        self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor, betas: Betas | None = None
    ) -> None:
        """One step.

        Args:
            flat: `[L, P]` parameters.
            grad: `[L, P]` finite where `ok`.
            lr: `[L]`.
            ok: `[L]` bool.
            betas: for this step, cheapest as the same object while nothing changes; None: those
                declared. SGD has none.
        """
        ...

    def rescale(self, ratio: Tensor) -> None:
        """Second moments v → v / ratio, `[L]`; ratio 1 changes nothing to the bit."""
        ...


class _Shares(NamedTuple):
    """What Adam's passes take, made from its constants once for many steps."""

    logs: Tensor  # [L, 2] float64, log β₁ and log β₂
    kernel: Tensor  # [L, 4] float32, 1 − β₁, β₂, 1 − β₂ and ε


def _shares(betas: Betas) -> _Shares:
    beta1, beta2, eps = betas
    logs = torch.stack((beta1, beta2), 1).clamp_(min=1e-300).log_()  # log 0 is not for adding up
    return _Shares(logs, torch.stack((1.0 - beta1, beta2, 1.0 - beta2, eps), 1).float())


class Adam:
    """θ ← θ − lr · m̂ / (√v̂ + ε), equal to torch.optim.Adam lane by lane.

        m̂ = m / (1 − Πβ₁)      v̂ = v / (1 − Πβ₂)      over the steps that a lane has taken

    Πβ is the weight that a moment still gives to the zero it started at; with a constant β it is
    βᵗ. Kingma and Ba 2015, https://arxiv.org/abs/1412.6980.
    """

    def __init__(self, settings: AdamSettings, flat: Tensor) -> None:
        self.lanes = len(flat)
        self._told: Betas | None = None  # those that `_now` was made from, None: declared
        declared = torch.tensor((settings.beta1, settings.beta2, settings.eps), dtype=torch.float64)
        own = declared.to(flat.device).expand(len(flat), 3)
        self._now = self._declared = _shares(Betas(*own.unbind(1)))
        self.state = {
            "mean": torch.zeros_like(flat),
            "square": torch.zeros_like(flat),
            "zero": torch.zeros((len(flat), 2), dtype=torch.float64, device=flat.device),  # log Πβ
        }

    def step(
        self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor, betas: Betas | None = None
    ) -> None:
        if betas is not self._told:
            self._told, self._now = betas, self._declared if betas is None else _shares(betas)
        zero = self.state["zero"]
        zero += torch.where(ok[:, None], self._now.logs, 0.0)
        first, second = torch.expm1(zero).neg_().unbind(1)  # 1 − Πβ
        move = self._in_one_pass if flat.device.type == "cpu" else self._by_tensors
        move(flat, grad, (lr / first).float(), second.sqrt().float(), ok)

    def rescale(self, ratio: Tensor) -> None:
        square = self.state["square"]
        square.div_(ratio.to(square.device, square.dtype)[:, None])

    def _in_one_pass(
        self, flat: Tensor, grad: Tensor, rate: Tensor, root: Tensor, ok: Tensor
    ) -> None:
        """On the CPU twelve passes over memory, and their temporaries, cost ten times as much."""
        state = self.state
        arrays = (flat, grad, state["mean"], state["square"], rate, root, ok, self._now.kernel)
        adam_in_one_pass(*(array.numpy() for array in arrays))

    def _by_tensors(
        self, flat: Tensor, grad: Tensor, rate: Tensor, root: Tensor, ok: Tensor
    ) -> None:
        state, on = self.state, ok[:, None]
        fresh1, beta2, fresh2, eps = torch.split(self._now.kernel, 1, 1)
        mean = state["mean"].lerp(grad, fresh1)
        square = (state["square"] * beta2).addcmul_(grad * fresh2, grad)
        denominator = square.sqrt().div_(root[:, None]).add_(eps)
        moved = flat - (mean / denominator).mul_(rate[:, None])
        torch.where(on, mean, state["mean"], out=state["mean"])
        torch.where(on, square, state["square"], out=state["square"])
        torch.where(on, moved, flat, out=flat)


class SGD:
    """θ ← θ − lr · v,   v ← momentum · v + g; equal to torch.optim.SGD lane by lane."""

    def __init__(self, settings: SGDSettings, flat: Tensor) -> None:
        self._settings, self.lanes = settings, len(flat)
        self.state = {"velocity": torch.zeros_like(flat)} if settings.momentum else {}

    def step(
        self, flat: Tensor, grad: Tensor, lr: Tensor, ok: Tensor, betas: Betas | None = None
    ) -> None:
        on = ok[:, None]
        if "velocity" in self.state:
            old = self.state["velocity"]
            grad = old * self._settings.momentum + grad
            torch.where(on, grad, old, out=old)
        torch.where(on, flat - grad * lr.float()[:, None], flat, out=flat)

    def rescale(self, ratio: Tensor) -> None:
        """Nothing: the velocity is a first moment, whose mean B does not change."""


def optimizer_for(settings: AdamSettings | SGDSettings, flat: Tensor) -> Optimizer:
    """The optimiser that the settings name, over parameters `[L, P]`."""
    return Adam(settings, flat) if isinstance(settings, AdamSettings) else SGD(settings, flat)
