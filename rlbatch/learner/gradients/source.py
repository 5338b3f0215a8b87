"""Where a learner has its gradients from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rlbatch.contract import Agent
from rlbatch.learner.compiler import require_compiler, warm_up
from rlbatch.learner.forward import Differentiable, Forward
from rlbatch.learner.gradients.accumulation import Accumulation, Answer
from rlbatch.learner.gradients.captured import Captured
from rlbatch.learner.gradients.eager import Eager
from rlbatch.learner.gradients.joined import Block, blocks_of, cut, joined
from rlbatch.learner.gradients.precision import LossScale, autocast, require_precision
from rlbatch.learner.gradients.programs import Programs
from rlbatch.learner.gradients.pure import Pure
from rlbatch.learner.gradients.told import Gradients, Mask, Take
from rlbatch.learner.parameters import Parameters
from rlbatch.learner.settings import Compute
from rlbatch.learner.statistics import Statistics, require_micro_batch
from rlbatch.types import Batch


class Source:
    """The gradients of batches of any size.

    Args:
        agent: the learning rule.
        network: the template.
        online: parameters whose gradient is wanted.
        target: of the target network.
        forward: how lanes are evaluated, eagerly.
        compute: micro-batch and precision.
        compile: one program per shape: compiled on a CPU, a CUDA graph on a GPU.

    Raises:
        ConfigError: fp16 on a CPU, nothing to compile with, or a micro-batch that would cut through
            a group of rows.
    """

    def __init__(
        self,
        agent: Agent,
        network: nn.Module,
        online: Parameters,
        target: Parameters,
        forward: Forward,
        compute: Compute,
        compile: bool,
    ) -> None:
        device = online.flat.device
        require_precision(compute.precision, device)
        self._forward, self._precision = forward, compute.precision
        self._scale = LossScale(len(online.flat), device) if compute.precision == "fp16" else None
        self._statistics = Statistics(network)
        require_micro_batch(self._statistics, compute.micro_batch)
        self._cut = Accumulation(compute.micro_batch, self._statistics.group)
        self._pure = Pure(agent, network, online, target, compute.precision)
        self._online, self._target = online, target
        self._take: Take = Eager(forward, compute.precision, self._scale)
        if compile and device.type == "cpu":
            require_compiler()
            warm_up()
            self._take = Programs(self._pure, online, target)
        elif compile:
            self._take = Captured(self._take)

    def __call__(self, batch: Batch, key: Tensor, on: Mask) -> Gradients:
        """Of a batch, cut where it is larger than a micro-batch."""
        self._statistics.require_groups(batch)
        return self._cut(self._take, batch, key, on)

    def head(self, batch: Batch) -> Batch:
        """The rows of a batch that meet the network first; the batch itself where it is not cut."""
        return next(self._cut.pieces(batch)) if self._cut.cuts(batch) else batch

    def cuts(self, rows: int) -> bool:
        """Is a batch of so many rows taken in pieces?"""
        return self._cut.micro_batch is not None and rows > self._cut.micro_batch

    def through(self, forward: Differentiable, batch: Batch, key: Tensor, on: Mask) -> Gradients:
        """Of a batch in one piece, by another forward pass; the loss scale and precision stay."""
        take = Eager(forward, self._precision, self._scale)
        return take(batch, batch.size.clamp(min=1), key, on)

    def blocks(self, sizes: npt.NDArray[np.int64]) -> tuple[Block, ...]:
        """The blocks of lanes that `inline` should take of a batch of `sizes` `[L]`."""
        return (
            blocks_of(sizes) if self._scale is None else (Block(0, len(sizes), int(sizes.max())),)
        )

    def inline(
        self, forward: Differentiable, batch: Batch, key: Tensor, blocks: Sequence[Block]
    ) -> Gradients:
        """Of a batch in one piece, lanes block by block, as operations on tensors alone."""
        if len(blocks) == 1:
            return self.through(forward, batch, key, np.ones(len(key), np.bool_))
        told, whole = [], batch.size.clamp(min=1)
        for block in blocks:
            own, numbers = block.lanes, (self._online.state, self._target.state)
            state = [each[own] for each in numbers]
            piece = cut(batch, own, block.rows)
            told.append((own, self._pure(*state, *piece, whole[own], key[own])))
        return joined(told, batch, self._online.flat)

    @torch.no_grad()
    def errors(self, batch: Batch, key: Tensor) -> Tensor:
        """δ of every row, `[L, B]`, without gradient."""
        with autocast(self._precision, batch.reward.device):
            told = [self._forward.loss(piece, key)[0].td_error for piece in self._cut.pieces(batch)]
        return told[0] if len(told) == 1 else torch.cat(told, 1)

    def retried(self, act: Callable[[], Answer], batch: Batch) -> Answer:
        """Does something with a batch, with smaller pieces where memory runs out."""
        return self._cut.retried(act, batch.reward.shape[1])

    def lost(self, finite: Tensor, asked: Tensor | None) -> Tensor:
        """Lanes `[L]` for whose gradients that are not finite there is no help."""
        if self._scale is None:
            return ~finite
        return self._scale.judge(finite, torch.ones_like(finite) if asked is None else asked)

    def read(self) -> list[str]:
        """What has changed in how gradients are made, since the last reading."""
        return self._cut.read()

    @property
    def state(self) -> Mapping[str, Tensor]:
        """All that changes, as tensors, `[L, ...]` each; not a copy."""
        return {} if self._scale is None else self._scale.state
