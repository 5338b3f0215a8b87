"""What an optimiser over lanes is: parameters `[L, P]`, a learning rate and constants per lane."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Betas(NamedTuple):
    """What a batch size may move, `[L]` float64 each; not to be changed in place."""

    beta1: Tensor  # of the mean
    beta2: Tensor  # of the square; RMSprop's α is both
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
                declared. SGD and LARS have none.
        """
        ...

    def rescale(self, ratio: Tensor) -> None:
        """Second moments v → v / ratio, `[L]`; ratio 1 changes nothing to the bit."""
        ...


def keep_where(ok: Tensor, new: Tensor, own: Tensor) -> None:
    """Writes `[L, n]` over `own` in the lanes that are `ok`, `[L]`."""
    torch.where(ok[:, None], new, own, out=own)
