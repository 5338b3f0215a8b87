"""L networks' numbers in one tensor `[L, P + S]`, with the named views that a network takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from rlbatch.errors import ConfigError
from rlbatch.learner.statistics import Statistics
from rlbatch.seeding import Purpose, bits


class Parameters:
    """Stacked parameters, and behind them the running statistics of networks that have any.

    `state` `[L, P + S]` owns the memory; all else looks into it. Without statistics `flat` is
    `state`.
    """

    def __init__(self, template: nn.Module, state: Tensor) -> None:
        self.state = state  # [L, P + S] float32
        own = {name: p.shape for name, p in template.named_parameters()}
        kept = Statistics(template).buffers
        self._shapes = own | {name: buffer.shape for name, buffer in kept.items()}
        self.shapes = list(own.values())  # of one lane's parameters, as they lie in P
        width = sum(shape.numel() for shape in self.shapes)
        self.flat = state[:, :width] if kept else state  # [L, P]
        self.statistics = state[:, width:]  # [L, S]
        self.named = {name: view.detach() for name, view in self.named_views(state).items()}
        self.leaves = self.differentiable(self.named)  # [L, *shape], what autograd is asked for

    def named_views(self, state: Tensor) -> dict[str, Tensor]:
        """`[L, P + S]` as the network's parameters and statistics `[L, *shape]`, sharing memory."""
        sizes = [shape.numel() for shape in self._shapes.values()]
        parts = zip(self._shapes.items(), torch.split(state, sizes, 1), strict=True)
        return {name: part.reshape(-1, *shape) for (name, shape), part in parts}

    def differentiable(self, named: dict[str, Tensor]) -> list[Tensor]:
        """The parameters among detached views: from now on autograd knows them."""
        return [own.requires_grad_() for own in list(named.values())[: len(self.shapes)]]

    def gather(self, grads: Sequence[Tensor]) -> Tensor:
        """One gradient per leaf -> `[L, P]`."""
        return torch.cat([grad.reshape(len(self.flat), -1) for grad in grads], 1)


def initial(build: Callable[[], nn.Module], seeds: Sequence[int]) -> tuple[nn.Module, Tensor]:
    """A network to serve as template, and its state `[L, P + S]` on the CPU, one seed a lane.

    A lane's weights depend on its own seed alone.

    Raises:
        ConfigError: a network that keeps more than parameters and statistics of groups.
    """
    rows = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(bits(seed, Purpose.WEIGHTS, 0, 1)[0] >> 1))
            network = build()
        kept = (*network.parameters(), *Statistics(network).buffers.values())
        rows.append(torch.cat([own.detach().reshape(-1).float() for own in kept]))
    _refuse_state(network)
    return network, torch.stack(rows)


def bind(network: nn.Module, parameters: Parameters) -> nn.Module:
    """Makes a network's own tensors look into lane 0, so that it can be called as it is."""
    own = (*network.parameters(), *Statistics(network).buffers.values())
    for tensor, leaf in zip(own, parameters.named.values(), strict=True):
        tensor.data = leaf.detach()[0]
    return network


def _refuse_state(network: nn.Module) -> None:
    """State that no lane has for itself would be shared by all."""
    known = {*dict(network.named_parameters()), *Statistics(network).buffers}
    kept = [name for name in network.state_dict() if name not in known]
    if kept:
        raise ConfigError(
            "agent.network",
            "parameters, and what modules of rlbatch.contract.GroupStatistics keep, as its state",
            f"buffers {kept}",
            "Register constants with persistent=False; normalise by groups of rows.",
        )
