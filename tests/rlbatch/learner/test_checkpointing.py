"""A chain whose activations are made again: the same gradient out of less memory."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.fx.experimental.proxy_tensor import make_fx

from agents.dqn import DQN
from rlbatch.errors import ConfigError
from rlbatch.learner import Learner, LearnerSettings
from rlbatch.learner.checkpointing import checkpoint
from rlbatch.learner.gradients import programs, source
from rlbatch.types import Batch

OBS, ACTIONS = spaces.Box(-np.inf, np.inf, (4,), np.float32), spaces.Discrete(3)
ROWS = 1024
X = torch.randn(ROWS, 4, generator=torch.Generator().manual_seed(1))
Held = Callable[[Callable[[], object]], tuple[int, int]]


def chain(layers: int, width: int = 8) -> nn.Sequential:
    """Linear, tanh, linear, tanh ... from 4 numbers to 3."""
    widths = [4, *[width] * ((layers + 1) // 2 - 1), 3]
    parts = [part for pair in pairwise(widths) for part in (nn.Linear(*pair), nn.Tanh())]
    return nn.Sequential(*parts[:layers])


class Deep(DQN):
    """Sixteen layers in a chain."""

    def network(self, obs_space: Any, action_space: Any) -> nn.Module:
        return chain(16)


class Branched(DQN):
    """A chain, and a layer beside it that the chain's output and the input meet in."""

    def network(self, obs_space: Any, action_space: Any) -> nn.Module:
        return Beside()


class Beside(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.deep, self.short = chain(8), nn.Sequential(nn.Linear(4, 3), nn.Tanh())

    def forward(self, obs: Tensor) -> Tensor:
        output: Tensor = self.deep(obs) + self.short(obs)
        return output


def learner(
    lanes: int, agent: Any, checkpointing: bool, compile: bool = False, **settings: Any
) -> Learner:
    told = LearnerSettings(lr=1e-2, checkpointing=checkpointing, **settings)
    return Learner(agent, OBS, ACTIONS, seeds=range(lanes), settings=told, compile=compile)


def rows(lanes: int) -> Batch:
    draw, shape = torch.Generator().manual_seed(lanes), (lanes, ROWS)
    obs, next_obs = (torch.randn(*shape, 4, generator=draw) for _ in range(2))
    number = torch.arange(ROWS).expand(shape)
    ones = torch.ones(shape)
    size = torch.full((lanes,), ROWS)
    return Batch(obs, number % 3, 3.0 * obs[..., 0], next_obs, 0.9 * ones, ones, number, size)


def far(one: Tensor, other: Tensor) -> float:
    """Distance relative to the size of the second."""
    return float((one - other).norm() / other.norm())


@pytest.mark.parametrize("agent", [Deep(), Branched(double=True), DQN(hidden=(8, 8, 8))])
@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("micro_batch", [None, 400])
def test_gradients_and_updates_are_those_without(
    lanes: int, agent: Any, micro_batch: int | None
) -> None:
    usual, again = (learner(lanes, agent, on, micro_batch=micro_batch) for on in (False, True))
    batch = rows(lanes)
    assert far(again.gradient(batch), usual.gradient(batch)) <= 1e-6
    for _ in range(3):
        again.update(batch)
        usual.update(batch)
    assert far(again.online.flat, usual.online.flat) <= 1e-6
    assert torch.equal(again.values(batch.obs), again.values(batch.obs))
    assert far(again.values(batch.obs), usual.values(batch.obs)) <= 1e-5


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("recorded", [False, True])
def test_what_is_made_again_is_made_in_as_few_bits(
    lanes: int, recorded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "compiled", lambda function, example: make_fx(function)(*example))
    monkeypatch.setattr(source, "warm_up", lambda: None)
    batch, agent = rows(lanes), DQN(hidden=(8, 8, 8))
    usual, again = (
        learner(lanes, agent, on, precision="bf16", compile=recorded) for on in (False, True)
    )
    assert far(again.gradient(batch), usual.gradient(batch)) < 2.0**-7  # sums of eight bits
    assert far(usual.gradient(batch), learner(lanes, agent, True).gradient(batch)) > 1e-4


def stacked(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """Two lanes of a network by vmap, with the same parameters in both."""
    own = {name: torch.stack([p.detach()] * 2) for name, p in network.named_parameters()}
    for p in own.values():
        p.requires_grad_()
    return lambda x: vmap(lambda p, x: functional_call(network, p, (x,)))(own, x.expand(2, -1, -1))


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_chain_of_16_layers_holds_what_goes_into_its_4_segments(lanes: int, held: Held) -> None:
    usual, again = chain(16), checkpoint(chain(16))
    ways = [own if lanes == 1 else stacked(own) for own in (usual, again)]
    (most, _), (least, _) = (held(lambda way=way: way(X)) for way in ways)  # type: ignore[misc]
    activation, weights = (
        lanes * ROWS * 8 * 4,
        lanes * 4 * sum(p.numel() for p in usual.parameters()),
    )
    assert most > 12 * activation
    assert 3 * activation < least < 4 * activation + weights


def test_a_copy_of_a_network_holds_as_little_and_tells_the_same(held: Held) -> None:
    network = chain(16)
    again = checkpoint(copy.deepcopy(network))
    copied = copy.deepcopy(again)
    assert held(lambda: copied(X)) == held(lambda: again(X))
    assert held(lambda: copied(X))[0] < held(lambda: network(X))[0] / 3
    wanted, found = (
        torch.autograd.grad(own(X).square().sum(), list(own.parameters()))
        for own in (network, copied)
    )
    assert all(far(mine, theirs) <= 1e-6 for mine, theirs in zip(found, wanted, strict=True))


def test_names_and_types_of_parameters_stay() -> None:
    network = chain(8)
    before = dict(network.named_parameters())
    same = checkpoint(network)
    assert same is network
    assert isinstance(network, nn.Sequential)
    assert all(p is before[name] for name, p in network.named_parameters())
    assert list(before) == list(dict(network.named_parameters()))


def test_without_gradients_a_chain_runs_as_it_is(held: Held) -> None:
    network, x = chain(8), torch.ones(5, 4)
    wanted = network(x)
    with torch.no_grad():
        found = checkpoint(network)(x)
    assert torch.equal(found, wanted)
    assert not found.requires_grad


@pytest.mark.parametrize("layers", [4, 5, 7, 9])
def test_a_chain_of_any_length_is_cut_into_all_of_its_layers(layers: int) -> None:
    network, x = chain(layers), torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    wanted = network(x)
    assert torch.equal(checkpoint(network)(x), wanted)


@pytest.mark.parametrize(
    ("network", "kind"),
    [(nn.Linear(4, 3), "Linear"), (chain(3), "Sequential"), (nn.ModuleList(chain(4)), "ModuleLi")],
)
def test_a_network_without_a_chain_of_four_layers_is_refused(network: nn.Module, kind: str) -> None:
    message = rf"^learner\.checkpointing: expected a network with an nn\.Sequential of 4 .* {kind}"
    with pytest.raises(ConfigError, match=message):
        checkpoint(network)


def test_a_learner_of_a_short_network_refuses_it() -> None:
    with pytest.raises(ConfigError, match=r"^learner\.checkpointing: expected a network with "):
        learner(1, DQN(hidden=()), True)
