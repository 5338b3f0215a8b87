"""The gradients of some lanes as a function of their numbers and rows alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rlbatch.contract import Agent
from rlbatch.learner.forward import lane_loss
from rlbatch.learner.gradients.precision import autocast
from rlbatch.learner.gradients.told import means
from rlbatch.learner.parameters import Parameters
from rlbatch.learner.settings import Precision
from rlbatch.types import Batch

Told = tuple[Tensor, ...]  # what Gradients has


class Pure:
    """Forward, loss and backward; nothing is looked up in a learner, so it can be compiled.

    Args:
        agent: the learning rule.
        network: the template that is called with each lane's parameters.
        online: how parameters lie, whose gradient is wanted.
        target: how those of the target network lie.
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

    def __call__(self, state: Tensor, target: Tensor, *rest: Tensor) -> Told:
        """Of l lanes.

        Args:
            state: `[l, P + S]`.
            target: `[l, P + S]`.
            rest: the columns of a piece `[l, b, ...]`, `whole` and `key`, see `Take`.
        """
        piece, (whole, key) = Batch(*rest[:-2]), rest[-2:]
        own = {name: view.detach() for name, view in self._online.named_views(state).items()}
        leaves = self._online.differentiable(own)
        with autocast(self._precision, state.device):
            row, left = self._loss(own, self._target.named_views(target), piece, key)
        loss, td_error = means(row, piece, whole)
        grads = torch.autograd.grad(loss.sum(), leaves)
        flat = torch.cat([grad.reshape(len(state), -1) for grad in grads], 1)
        return flat, loss.detach(), td_error, row.td_error, *left
