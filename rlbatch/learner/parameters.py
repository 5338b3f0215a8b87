"""L parameter sets in one tensor `[L, P]`, with the named views that a network takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from rlbatch.errors import ConfigError
from rlbatch.seeding import Purpose, bits


class Parameters:
    """Stacked parameters: `flat` `[L, P]` owns the memory, `named` and `leaves` look into it."""

    def __init__(self, template: nn.Module, flat: Tensor) -> None:
        self.flat = flat  # [L, P] float32
        self._shapes = {name: p.shape for name, p in template.named_parameters()}
        self.shapes = list(self._shapes.values())  # of one lane's parameters, as they lie in P
        views = self.named_views(flat)
        self.named = {name: view.detach().requires_grad_() for name, view in views.items()}
        self.leaves = list(self.named.values())  # [L, *shape] each, what autograd is asked for

    def named_views(self, flat: Tensor) -> dict[str, Tensor]:
        """`flat` `[L, P]` as the network's parameters `[L, *shape]`, sharing its memory."""
        sizes = [shape.numel() for shape in self._shapes.values()]
        parts = zip(self._shapes.items(), torch.split(flat, sizes, 1), strict=True)
        return {name: part.reshape(-1, *shape) for (name, shape), part in parts}

    def gather(self, grads: Sequence[Tensor]) -> Tensor:
        """One gradient per leaf -> `[L, P]`."""
        return torch.cat([grad.reshape(len(self.flat), -1) for grad in grads], 1)


def initial(build: Callable[[], nn.Module], seeds: Sequence[int]) -> tuple[nn.Module, Tensor]:
    """A network to serve as template, and weights `[L, P]` drawn on the CPU, one seed a lane.

    A lane's weights depend on its own seed alone.
    """
    rows = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(bits(seed, Purpose.WEIGHTS, 0, 1)[0] >> 1))
            network = build()
        rows.append(torch.cat([p.detach().reshape(-1).float() for p in network.parameters()]))
    _refuse_state(network)
    return network, torch.stack(rows)


def bind(network: nn.Module, parameters: Parameters) -> nn.Module:
    """Makes a network's own parameters look into lane 0, so that it can be called as it is."""
    for parameter, leaf in zip(network.parameters(), parameters.leaves, strict=True):
        parameter.data = leaf.detach()[0]
    return network


def _refuse_state(network: nn.Module) -> None:
    """Running statistics would be shared by lanes, and change without an optimiser."""
    kept = [name for name in network.state_dict() if name not in dict(network.named_parameters())]
    if kept:
        raise ConfigError(
            "agent.network",
            "parameters as its only state",
            f"buffers {kept}",
            "Register constants with persistent=False; batch statistics are not supported.",
        )
