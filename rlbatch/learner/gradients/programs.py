"""One compiled program per shape: a block of lanes at one batch size.

Under a moving B a learner meets few shapes, as the ladder gives few rungs; each is compiled when it
is first met, and cached on disk for the next run. Lanes are walked in blocks: on a CPU what 64 of
them hold fits no cache, and a block whose lanes rest costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from rlbatch.contract import Agent
from rlbatch.learner.compiler import compiled
from rlbatch.learner.forward import lane_loss
from rlbatch.learner.gradients.precision import autocast
from rlbatch.learner.gradients.told import Gradients, Mask, means
from rlbatch.learner.parameters import Parameters
from rlbatch.learner.settings import Precision
from rlbatch.types import Batch

BLOCK = 16  # lanes a call, at most
ROWS = 4096  # of all lanes of a call, at most, unless it is one lane's

Told = tuple[Tensor, ...]  # what Gradients has
Program = Callable[..., Told]


class Programs:
    """Forward, loss and backward of a block as one program, by inductor.

    Args:
        agent: the learning rule.
        network: the template that is called with each lane's parameters.
        online: parameters whose gradient is wanted.
        target: parameters of the target network.
        precision: of the networks' products.
    """

    def __init__(
        self,
        agent: Agent,
        network: nn.Module,
        online: Parameters,
        target: Parameters,
        precision: Precision,
    ) -> None:
        self._online, self._target, self._precision = online, target, precision
        self._loss = torch.vmap(lane_loss(agent, network))
        self._programs: dict[Any, Program] = {}

    def __call__(self, piece: Batch, whole: Tensor, key: Tensor, on: Mask) -> Gradients:
        state, target = self._online.state, self._target.state
        if len(on) == 1 or (len(on) <= BLOCK and piece.reward.numel() <= ROWS):
            return Gradients(*self._run(state, target, *piece, whole, key))
        told = [
            (lanes, self._run(state[lanes], target[lanes], *block, whole[lanes], key[lanes]))
            for lanes, block in _blocks(piece, on)
        ]
        return _joined(told, piece, self._online.flat)

    def _run(self, *arguments: Tensor) -> Told:
        columns = arguments[2:-3]  # the others lie alike for as many lanes
        kind = len(arguments[0]), columns[0].shape, *[own.stride() for own in columns]
        program = self._programs.get(kind)
        if program is None:
            program = self._programs[kind] = compiled(self._gradients, arguments)
        return program(*arguments)

    def _gradients(self, state: Tensor, target: Tensor, *rest: Tensor) -> Told:
        piece, (whole, key) = Batch(*rest[:-2]), rest[-2:]
        own = {name: view.detach() for name, view in self._online.named_views(state).items()}
        leaves = self._online.differentiable(own)
        with autocast(self._precision, state.device):
            row, left = self._loss(own, self._target.named_views(target), piece, key)
        loss, td_error = means(row, piece, whole)
        grads = torch.autograd.grad(loss.sum(), leaves)
        joined = torch.cat([grad.reshape(len(state), -1) for grad in grads], 1)
        return joined, loss.detach(), td_error, row.td_error, *left


def _blocks(piece: Batch, on: Mask) -> Iterator[tuple[slice, Batch]]:
    """Lanes in blocks, each cut to its widest lane; idle blocks are left out.

    How many lanes go together hangs on the width of their block, so a width has few programs.
    """
    sizes = piece.size.numpy() * on
    for block in _shares(slice(0, len(on)), BLOCK):
        rows = int(sizes[block].max())
        for own in _shares(block, max(1, ROWS // rows)) if rows else ():
            if sizes[own].any():
                yield own, _cut(piece, own, rows)


def _shares(lanes: slice, most: int) -> list[slice]:
    """Lanes in parts of nearly equal size."""
    start, num = lanes.start, lanes.stop - lanes.start
    count = -(-num // most)
    ends = [start + k * num // count for k in range(count + 1)]
    return [slice(*pair) for pair in pairwise(ends)]


def _cut(piece: Batch, own: slice, rows: int) -> Batch:
    columns = [column[own, :rows] for column in piece[:-1]]
    if rows < piece.reward.shape[1]:  # laid out anew, else each width of others were a program more
        columns = [column.contiguous() for column in columns]
    return Batch(*(*columns, piece.size[own]))


def _joined(told: list[tuple[slice, Told]], piece: Batch, flat: Tensor) -> Gradients:
    """Blocks side by side; zeros where there was none."""
    lanes, wide = piece.reward.shape
    groups = _room(told, lanes)
    covered = sum(own.stop - own.start for own, _ in told) == lanes
    joined = Gradients(
        (torch.empty_like if covered else torch.zeros_like)(flat),
        torch.zeros(lanes),
        torch.zeros(lanes),
        torch.zeros(lanes, wide),
        *groups,
    )
    for own, (grad, loss, td_error, row_error, *left) in told:
        joined.flat[own] = grad
        joined.loss[own], joined.td_error[own] = loss, td_error
        joined.row_error[own, : row_error.shape[1]] = row_error
        for whole, block in zip(groups, left, strict=True):
            whole[own, : block.shape[1]] = block
    return joined


def _room(told: list[tuple[slice, Told]], lanes: int) -> list[Tensor]:
    """Where the blocks' statistics of groups go, `[L, G, S]`; none without statistics."""
    shapes = [own.shape for _, answer in told for own in answer[4:]]
    if not shapes:
        return []
    return [torch.zeros(lanes, max(shape[1] for shape in shapes), shapes[0][2])]
