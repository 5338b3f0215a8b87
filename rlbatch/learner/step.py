"""What lanes do with their gradients: clip, step, let the target follow, and tell the meters.

Operations on tensors alone, all of them in place, so that a program may contain them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from rlbatch.learner.gradients import Gradients, Source
from rlbatch.learner.lanes import LaneSettings
from rlbatch.learner.meters import Meters
from rlbatch.learner.optimizers import Betas, optimizer_for
from rlbatch.learner.parameters import Parameters
from rlbatch.learner.statistics import Statistics


class Rates(NamedTuple):
    """What one step goes by."""

    lr: Tensor  # [L] float64
    betas: Betas | None  # None: those declared


class LaneStep:
    """One step of every lane.

    Args:
        own: the lanes' settings.
        online: changed in place.
        statistics: of its groups, where it has any.
        source: where gradients came from, which knows what to do with those not finite.
    """

    def __init__(
        self, own: LaneSettings, online: Parameters, statistics: Statistics, source: Source
    ) -> None:
        self._own, self._online = own, online
        self._statistics, self._source = statistics, source
        lanes, device = len(online.flat), online.flat.device
        self.optimizer = optimizer_for(own.optimizer, online.flat, online.shapes)
        self.meters = Meters(lanes, device)
        self.watched: Meters | None = None  # read apart from `meters`
        self.diverged = torch.zeros(lanes, dtype=torch.bool, device=device)

    def take(
        self, told: Gradients, size: Tensor, row: Tensor, rates: Rates, asked: Tensor | None
    ) -> Tensor:
        """Moves the lanes that can.

        Args:
            told: of the batch.
            size: `[L]` own rows of the batch.
            row: `[L, B]` their numbers, -1 in padding.
            rates: of this step.
            asked: `[L]` bool, those that are to move; None: all.

        Returns:
            `[L]` bool: those that moved. One that is not among them, though it was asked, had a
            gradient that was not finite; it is left as it was, and marked in `diverged`.
        """
        grad, loss, td_error, row_error, groups = told
        norm = torch.linalg.vector_norm(grad, dim=1)
        ok = self._sound(torch.isfinite(norm), asked)
        if self._own.clip_norm is not None:
            grad.mul_((self._own.clip_norm / (norm + 1e-6)).clamp_(max=1.0)[:, None])
        flat = self._online.flat.contiguous()  # a copy only where statistics lie between lanes
        self.optimizer.step(flat, grad, rates.lr, ok, rates.betas)
        if groups is not None:
            self._online.flat.copy_(flat)
            self._statistics.move(self._online.statistics, groups, size, ok)
        self.meters.add(loss, td_error, norm, ok)
        if self.watched is not None:
            own = (row >= 0).to(row_error.dtype) / size.clamp(min=1)[:, None]
            self.watched.add(loss, td_error, norm, ok, (row_error.square() * own).sum(1))
        return ok

    def _sound(self, finite: Tensor, asked: Tensor | None) -> Tensor:
        """Lanes `[L]` that take their step; those with no way on are marked in `diverged`."""
        if asked is None and finite.is_cpu and bool(finite.all()):
            return finite
        lost = self._source.lost(finite, asked)
        self.diverged |= lost if asked is None else lost & asked
        return finite if asked is None else finite & asked
