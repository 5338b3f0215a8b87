"""What a batch, or a piece of one, tells a learner."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rlbatch.types import Batch, RowLoss

Mask = npt.NDArray[np.bool_]  # [L]


class Gradients(NamedTuple):
    """Shares of a batch's means: those of its pieces add up to the whole's."""

    flat: Tensor  # [L, P] of each lane's weighted mean loss
    loss: Tensor  # [L] weighted mean
    td_error: Tensor  # [L] mean |δ| over own rows
    row_error: Tensor  # [L, B] δ, anything in padding
    groups: Tensor | None = None  # [L, B / group, S] statistics, where the network has any


class Take(Protocol):
    """A way to have the gradient of some rows."""

    def __call__(self, piece: Batch, whole: Tensor, key: Tensor, on: Mask) -> Gradients:
        """What these rows add to the means over `whole` rows.

        Args:
            piece: columns `[L, b, ...]`; `size` counts own rows of the piece.
            whole: `[L]` int64 own rows of the batch that it is a piece of; not 0.
            key: `[L]` int64, the loss's randomness.
            on: lanes whose answer is of use; the others' may be anything finite.
        """
        ...


def means(row: RowLoss, piece: Batch, whole: Tensor) -> tuple[Tensor, Tensor]:
    """A piece's share of the weighted mean loss, and of the mean |δ|, `[L]` each."""
    own = (piece.row >= 0).float()
    loss = (row.loss * piece.weight).sum(1) / whole
    return loss, (row.td_error.detach().abs() * own).sum(1) / whole
