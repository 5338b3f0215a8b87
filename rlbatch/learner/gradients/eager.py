"""All lanes at once, one tensor operation after another."""

from __future__ import annotations

from torch import Tensor

from rlbatch.learner.forward import Differentiable
from rlbatch.learner.gradients.precision import LossScale, autocast
from rlbatch.learner.gradients.told import Gradients, Mask, means
from rlbatch.learner.settings import Precision
from rlbatch.types import Batch


class Eager:
    """Breakpoints in an agent's loss work.

    Args:
        forward: how lanes are evaluated.
        precision: of the networks' products.
        scale: of losses, under fp16.
    """

    def __init__(
        self, forward: Differentiable, precision: Precision, scale: LossScale | None = None
    ) -> None:
        self._forward, self._precision, self._scale = forward, precision, scale

    def __call__(self, piece: Batch, whole: Tensor, key: Tensor, on: Mask) -> Gradients:
        with autocast(self._precision, piece.reward.device):
            row, left = self._forward.loss(piece, key)
        loss, td_error = means(row, piece, whole)
        if self._scale is None:
            flat = self._forward.grad(loss.sum())
        else:
            flat = self._scale.down(self._forward.grad(self._scale.up(loss).sum()))
        return Gradients(flat, loss.detach(), td_error, row.td_error, *left)
