"""Averages of the estimates over the rows drawn, lane by lane on the device."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from rlbatch.learner.noise.estimate import Estimate


class Averages:
    """Exponentially weighted sums of every lane: B̂ is a ratio of averages.

    An average of ratios would be far off: at a true noise scale of 2048 and B = 128 it gives 761.
    A measurement weighs w, the rows that it stands for, and loses a factor e every `horizon` rows,
    so that the memory is as long in rows at every B.
    """

    def __init__(self, lanes: int, horizon: int, device: torch.device) -> None:
        self._horizon = horizon  # rows
        zeros = partial(torch.zeros, dtype=torch.float64, device=device)
        self.state = {
            "moments": zeros((lanes, 4, 4)),  # Σ w x xᵀ,  x = (1, tr Σ, |G|², tr Σ as drawn)
            "weights": zeros((lanes, 2)),  # how many there were, Σ w²
        }

    def add(self, estimate: Estimate, rows: Tensor, ok: Tensor) -> None:
        """Takes one measurement.

        Args:
            estimate: `[L]`.
            rows: `[L]` drawn since the measurement before.
            ok: `[L]` bool; the other lanes stay as they are, as do those without enough rows.
        """
        w, moments, weights = rows.double(), self.state["moments"], self.state["weights"]
        kept, one = torch.exp(w / -self._horizon), torch.ones_like(w)
        x = torch.stack((one, estimate.trace, estimate.square, estimate.drawn), 1)
        outer = (x * w[:, None])[:, :, None] * x[:, None]
        told, decay = torch.stack((one, w * w), 1), torch.stack((one, kept * kept), 1)
        taken = (ok & estimate.enough)[:, None]
        torch.where(taken, torch.addcmul(told, weights, decay), weights, out=weights)
        moved = torch.addcmul(outer, moments, kept[:, None, None])
        torch.where(taken[:, None], moved, moments, out=moments)

    def forget(self, lanes: Tensor) -> None:
        """Starts anew in the lanes of a mask `[L]`."""
        for own in self.state.values():
            own.masked_fill_(lanes.view(-1, *[1] * (own.ndim - 1)), 0.0)
