"""Averages of gradients and of their squares, and the constants by which they forget."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from rlbatch.learner.optimizers.protocol import Betas


class Shares(NamedTuple):
    """A step's constants as passes over memory take them."""

    logs: Tensor  # [L, 2] float64, log β₁ and log β₂
    kernel: Tensor  # [L, 4] float32, 1 − β₁, β₂, 1 − β₂ and ε


class Prepared:
    """Constants made ready once for many steps.

    Args:
        declared: β₁, β₂ and ε where none are told.
        flat: `[L, P]` parameters.
    """

    def __init__(self, declared: tuple[float, float, float], flat: Tensor) -> None:
        own = torch.tensor(declared, dtype=torch.float64).to(flat.device).expand(len(flat), 3)
        self._told: Betas | None = None  # those that `_now` was made from, None: declared
        self._now = self._declared = _shares(Betas(*own.unbind(1)))

    def of(self, betas: Betas | None) -> Shares:
        """Those of `betas`; made anew where they are another object than at the last call."""
        if betas is not self._told:
            self._told, self._now = betas, self._declared if betas is None else _shares(betas)
        return self._now


def empty_moments(flat: Tensor) -> dict[str, Tensor]:
    """m, v and log Πβ of lanes that have taken no step."""
    return {
        "mean": torch.zeros_like(flat),
        "square": torch.zeros_like(flat),
        "zero": torch.zeros((len(flat), 2), dtype=torch.float64, device=flat.device),  # log Πβ
    }


def corrections(zero: Tensor, shares: Shares, ok: Tensor) -> tuple[Tensor, Tensor]:
    """1 − Πβ₁ and 1 − Πβ₂, `[L]` float64, over the steps that a lane has taken with this one.

    Πβ is the weight that a moment still gives to the zero it started at; with a constant β it is
    βᵗ.

    Args:
        zero: `[L, 2]` log Πβ so far, changed in place.
        shares: of this step.
        ok: `[L]` lanes that take it.
    """
    zero += torch.where(ok[:, None], shares.logs, 0.0)
    first, second = torch.expm1(zero).neg_().unbind(1)
    return first, second


def next_mean(mean: Tensor, grad: Tensor, shares: Shares) -> Tensor:
    """m `[L, P]` after a gradient, in every lane; the one before is left as it is."""
    return mean.lerp(grad, shares.kernel[:, :1])


def next_square(square: Tensor, grad: Tensor, shares: Shares) -> Tensor:
    """v `[L, P]` after a gradient, in every lane; the one before is left as it is."""
    _, beta2, fresh2, _ = torch.split(shares.kernel, 1, 1)
    return (square * beta2).addcmul_(grad * fresh2, grad)


def divide(square: Tensor, ratio: Tensor) -> None:
    """v `[L, P]` → v / ratio `[L]`, in place."""
    square.div_(ratio.to(square.device, square.dtype)[:, None])


def _shares(betas: Betas) -> Shares:
    beta1, beta2, eps = betas
    logs = torch.stack((beta1, beta2), 1).clamp_(min=1e-300).log_()  # log 0 is not for adding up
    return Shares(logs, torch.stack((1.0 - beta1, beta2, 1.0 - beta2, eps), 1).float())
