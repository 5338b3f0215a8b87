"""Lanes that are walked in blocks: how they are cut, and put together again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.learner.gradients.told import Gradients
from rlbatch.types import Batch

UNLIKE = 8  # times as many rows, from which on padding costs more than a block of its own


class Block(NamedTuple):
    """Neighbouring lanes, cut to the rows of the widest."""

    start: int
    stop: int
    rows: int

    @property
    def lanes(self) -> slice:
        return slice(self.start, self.stop)


def blocks_of(sizes: npt.NDArray[np.int64]) -> tuple[Block, ...]:
    """Neighbours of like size `[L]`: the most rows of a block are less than 8 times its least."""
    found, start = [], 0
    for stop in range(1, len(sizes) + 1):
        own = sizes[start : stop + 1]
        if stop == len(sizes) or own.max() >= UNLIKE * max(1, own.min()):
            found.append(Block(start, stop, int(sizes[start:stop].max())))
            start = stop
    return tuple(found)


def cut(piece: Batch, own: slice, rows: int) -> Batch:
    """A batch's lanes, each with as many rows."""
    columns = [column[own, :rows] for column in piece[:-1]]
    if rows < piece.reward.shape[1]:  # laid out anew, else each width of others were a program more
        columns = [column.contiguous() for column in columns]
    return Batch(*(*columns, piece.size[own]))


def joined(told: list[tuple[slice, tuple[Tensor, ...]]], piece: Batch, flat: Tensor) -> Gradients:
    """Blocks side by side; zeros where there was none.

    Args:
        told: lanes, and what `Gradients` has of them.
        piece: the batch that they are of.
        flat: `[L, P]` a tensor like the gradient.
    """
    (lanes, wide), device = piece.reward.shape, flat.device
    groups = _room(told, lanes)
    covered = sum(own.stop - own.start for own, _ in told) == lanes
    whole = Gradients(
        (torch.empty_like if covered else torch.zeros_like)(flat),
        torch.zeros(lanes, device=device),
        torch.zeros(lanes, device=device),
        torch.zeros(lanes, wide, device=device),
        *groups,
    )
    for own, (grad, loss, td_error, row_error, *left) in told:
        whole.flat[own] = grad
        whole.loss[own], whole.td_error[own] = loss, td_error
        whole.row_error[own, : row_error.shape[1]] = row_error
        for room, block in zip(groups, left, strict=True):
            room[own, : block.shape[1]] = block
    return whole


def _room(told: list[tuple[slice, tuple[Tensor, ...]]], lanes: int) -> list[Tensor]:
    """Where the blocks' statistics of groups go, `[L, G, S]`; none without statistics."""
    left = [own for _, answer in told for own in answer[4:]]
    if not left:
        return []
    wide, size = max(own.shape[1] for own in left), left[0].shape[2]
    return [torch.zeros(lanes, wide, size, device=left[0].device)]
