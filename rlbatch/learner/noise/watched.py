"""A forward and a backward pass that tell more of the same gradient than its mean."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from torch import Tensor, nn
from torch.func import functional_call, vmap

from rlbatch.contract import Agent
from rlbatch.learner.noise.estimate import Estimate
from rlbatch.learner.parameters import Parameters, bind
from rlbatch.learner.statistics import Left
from rlbatch.types import Batch, RowLoss

Named = dict[str, Tensor]  # parameters by name, [L, ...]
Told = tuple[Tensor, Tensor, list[Tensor]]  # losses and δ [L, B], and the tape
LaneLoss = Callable[[Named, Named, Batch, Tensor], Told]  # of online, target, batch, key


class Probe(Protocol):
    """One way of looking at a gradient. Single lanes come without their lane axis, as in Plain."""

    least: int  # rows that a batch must have
    fault: str  # the parameter that this way cannot account for, "" for none

    def parameters(self, rows: int) -> dict[str, Tensor]:
        """Starts an update of B rows; the online parameters for its loss, `[L, ...]`."""
        ...

    def q(self, own: Mapping[str, Tensor], obs: Tensor) -> Tensor:
        """One lane's network output."""
        ...

    def taped(self) -> list[Tensor]:
        """What the calls since `parameters` left behind, for `gradient`."""
        ...

    def gradient(self, total: Tensor, tape: Sequence[Tensor]) -> Tensor:
        """`[L, P]`, as without the probe."""
        ...

    def estimate(self, batch: Batch, square: Tensor) -> Estimate | None:
        """From the last gradient, `square` `[L]` its squared norm; None where there is a fault."""
        ...


class Watched:
    """Stands in for the learner's `Forward` in an update that is measured.

    What a probe tapes under vmap comes out of it as the very tensors that autograd knows, since
    lanes are their first axis inside and outside.
    """

    def __init__(
        self, agent: Agent, network: nn.Module, online: Parameters, target: Parameters, probe: Probe
    ) -> None:
        self._target, self._probe, self._tape = target, probe, list[Tensor]()
        parts = agent, network, target, probe
        self._loss = (_single if len(online.flat) == 1 else _stacked)(*parts)

    def loss(self, batch: Batch, key: Tensor) -> tuple[RowLoss, Left]:
        own = self._probe.parameters(batch.weight.shape[1])
        loss, error, self._tape = self._loss(own, self._target.named, batch, key)
        return RowLoss(loss, error), ()

    def grad(self, total: Tensor) -> Tensor:
        tape, self._tape = self._tape, []
        return self._probe.gradient(total, tape)


def _stacked(agent: Agent, network: nn.Module, target: Parameters, probe: Probe) -> LaneLoss:
    def lane_loss(own: Named, old: Named, batch: Batch, key: Tensor) -> Told:
        row = agent.loss(
            lambda obs: probe.q(own, obs),
            lambda obs: functional_call(network, old, (obs,)),
            batch,
            key,
        )
        return row.loss, row.td_error, probe.taped()

    stacked: LaneLoss = vmap(lane_loss)
    return stacked


def _single(agent: Agent, network: nn.Module, target: Parameters, probe: Probe) -> LaneLoss:
    q_target = bind(copy.deepcopy(network), target)

    def lane_loss(own: Named, old: Named, batch: Batch, key: Tensor) -> Told:
        lane = {name: leaf[0] for name, leaf in own.items()}
        columns = Batch(*(column[0] for column in batch))
        row = agent.loss(lambda obs: probe.q(lane, obs), q_target, columns, key[0])
        return row.loss[None], row.td_error[None], probe.taped()

    return lane_loss
