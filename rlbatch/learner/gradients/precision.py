"""In which numbers networks multiply; parameters and optimisers stay float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from rlbatch.errors import ConfigError
from rlbatch.learner.settings import Precision

FIRST, LEAST, MOST = 2.0**15, 1.0, 2.0**24  # factors of a loss
PATIENCE = 2000  # sound updates of a lane before its factor doubles


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """The context that a loss is evaluated in."""
    if precision == "fp32":
        return nullcontext()
    dtype = torch.bfloat16 if precision == "bf16" else torch.float16
    return torch.autocast(device.type, dtype)


def require_precision(precision: Precision, device: torch.device) -> None:
    """Refuses fp16 without a GPU.

    Raises:
        ConfigError: as said.
    """
    if precision == "fp16" and device.type != "cuda":
        advice = "Say bf16, which needs no loss scaling, or fp32."
        raise ConfigError("learner.precision", "fp16 on a CUDA device", device, advice)


class LossScale:
    """Keeps float16 gradients from vanishing: each lane's loss is multiplied, its gradient divided.

        gradient not finite: factor / 2, and that update is left out
        finite 2000 times in a row: factor · 2

    Micikevicius et al. 2018, "Mixed Precision Training", https://arxiv.org/abs/1710.03740.
    Each lane has a factor of its own, so that none pays for another's overflow.
    """

    def __init__(self, lanes: int, device: torch.device) -> None:
        self.state = {
            "factor": torch.full((lanes, 1), FIRST, device=device),
            "sound": torch.zeros((lanes, 1), dtype=torch.int64, device=device),  # in a row
        }

    def up(self, loss: Tensor) -> Tensor:
        """Losses `[L]` multiplied."""
        return loss * self.state["factor"][:, 0]

    def down(self, grad: Tensor) -> Tensor:
        """Gradients `[L, P]` divided, in place."""
        return grad.div_(self.state["factor"])

    def judge(self, finite: Tensor, asked: Tensor) -> Tensor:
        """Moves the factors of the lanes that were `asked`; returns those that can go no lower.

        Args:
            finite: `[L]` bool, was the gradient?
            asked: `[L]` bool.

        Returns:
            `[L]` bool: not finite at the least factor, so the fault is not the factor's.
        """
        factor, sound = self.state["factor"][:, 0], self.state["sound"][:, 0]
        good, bad = asked & finite, asked & ~finite
        lost = bad & (factor <= LEAST)
        sound.copy_(torch.where(good, sound + 1, torch.where(bad, 0, sound)))
        grown = sound >= PATIENCE
        moved = torch.where(grown, factor * 2.0, torch.where(bad, factor / 2.0, factor))
        factor.copy_(moved.clamp(LEAST, MOST))
        sound.masked_fill_(grown, 0)
        return lost
