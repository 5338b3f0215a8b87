"""One lane's loss and values, carried over L lanes: vmap forward, autograd outside."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from rlbatch.contract import Agent, QFn
from rlbatch.learner.parameters import Parameters, bind
from rlbatch.learner.recorded import Recorded
from rlbatch.learner.statistics import Left, Statistics
from rlbatch.types import Batch, RowLoss

Named = dict[str, Tensor]  # parameters and statistics by name
Told = tuple[RowLoss, Left]


class Differentiable(Protocol):
    """How L lanes' losses and gradients are had. All columns carry `[L, ...]`."""

    def loss(self, batch: Batch, key: Tensor) -> Told:
        """Losses and TD errors `[L, B]`, differentiable in the online parameters; and what the
        statistics of its groups are, where the network has any and gradients are on."""
        ...

    def grad(self, total: Tensor) -> Tensor:
        """Gradient of a scalar in the online parameters, `[L, P]`."""
        ...


class Forward(Differentiable, Protocol):
    """How L lanes are evaluated."""

    def values(self, obs: Tensor) -> Tensor:
        """Action values `[L, E, A]` of the online parameters, without gradient."""
        ...


def values_of(
    agent: Agent, network: nn.Module, online: Parameters
) -> Callable[[Tensor, Tensor], Tensor]:
    """Action values `[L, E, A]` as a function of state `[L, P + S]` and obs `[L, E, *obs]`."""

    def lane_values(own: Named, obs: Tensor) -> Tensor:
        return agent.values(functional_call(network, own, (obs,)))

    stacked = vmap(lane_values)

    @torch.no_grad()
    def values(state: Tensor, obs: Tensor) -> Tensor:
        told: Tensor = stacked(online.named_views(state), obs)
        return told

    return values


def lane_loss(agent: Agent, network: nn.Module) -> Callable[[Named, Named, Batch, Tensor], Told]:
    """One lane's loss as a function of its online and target state, its rows and its key."""
    statistics = Statistics(network)

    def loss(own: Named, old: Named, batch: Batch, key: Tensor) -> Told:
        return _told(
            agent,
            statistics,
            lambda obs: functional_call(network, own, (obs,)),
            lambda obs: functional_call(network, old, (obs,)),
            batch,
            key,
        )

    return loss


def _told(
    agent: Agent, statistics: Statistics, q: QFn, q_target: QFn, batch: Batch, key: Tensor
) -> Told:
    """One lane's loss, and what the statistics of its groups are."""
    if not statistics:
        return agent.loss(q, q_target, batch, key), ()
    statistics.clear()
    row = agent.loss(q, torch.no_grad()(q_target), batch, key)
    return row, statistics.left(len(batch.reward)) if torch.is_grad_enabled() else ()


class Stacked:
    """Any number of lanes at once. `autograd.grad` of the sum outside the vmap is as exact as
    `vmap(grad)` and faster in eager mode: no lane's parameters reach another's loss."""

    def __init__(
        self, agent: Agent, network: nn.Module, online: Parameters, target: Parameters
    ) -> None:
        self._online, self._target = online, target

        def lane_values(own: Mapping[str, Tensor], obs: Tensor) -> Tensor:
            return agent.values(functional_call(network, dict(own), (obs,)))

        self._loss = vmap(lane_loss(agent, network))
        self._values = Recorded(vmap(lane_values), online.named)

    def loss(self, batch: Batch, key: Tensor) -> Told:
        return self._loss(self._online.named, self._target.named, batch, key)

    def grad(self, total: Tensor) -> Tensor:
        return self._online.gather(torch.autograd.grad(total, self._online.leaves))

    def values(self, obs: Tensor) -> Tensor:
        return self._values(obs)


class Plain:
    """One lane as two ordinary modules: no vmap, and breakpoints in an agent's loss work.

    With `eager` they work in its network too, since acting is not recorded either.
    """

    def __init__(
        self,
        agent: Agent,
        network: nn.Module,
        online: Parameters,
        target: Parameters,
        eager: bool = False,
    ) -> None:
        self._agent, self._online = agent, online
        self._q_target = bind(copy.deepcopy(network), target)
        self._q = bind(network, online)
        self._weights = list(self._q.parameters())
        self._statistics = Statistics(self._q)

        def lane_values(own: Mapping[str, Tensor], obs: Tensor) -> Tensor:
            return agent.values(functional_call(self._q, dict(own), (obs[0],)))[None]

        own = {name: leaf.detach()[0] for name, leaf in online.named.items()}
        self._values = None if eager else Recorded(lane_values, own)

    def loss(self, batch: Batch, key: Tensor) -> Told:
        own = Batch(*(column[0] for column in batch))
        parts = self._agent, self._statistics, self._q, self._q_target
        row, left = _told(*parts, own, key[0])
        return RowLoss(row.loss[None], row.td_error[None]), tuple(groups[None] for groups in left)

    def grad(self, total: Tensor) -> Tensor:
        return self._online.gather(torch.autograd.grad(total, self._weights))

    @torch.no_grad()
    def values(self, obs: Tensor) -> Tensor:
        if self._values is not None:
            return self._values(obs)
        return self._agent.values(self._q(obs[0]))[None]
