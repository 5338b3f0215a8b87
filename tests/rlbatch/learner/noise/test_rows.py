"""Row norms are those of vmap(grad), or refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from agents.dqn import DQN
from rlbatch.contract import QFn
from rlbatch.errors import ConfigError
from rlbatch.learner import Learner
from rlbatch.learner.noise.estimate import from_rows
from rlbatch.learner.noise.normalised import corrected
from rlbatch.learner.noise.rows import outside_linear
from rlbatch.types import Batch, RowLoss

Make = Callable[..., Learner]
Draw = Callable[..., Batch]


class Twice(nn.Module):
    """Passes one layer twice, at three positions."""

    def __init__(self) -> None:
        super().__init__()
        self.inner, self.out = nn.Linear(4, 4, bias=False), nn.Linear(4, 3)

    def forward(self, obs: Tensor) -> Tensor:
        at = obs[:, None] * torch.tensor([1.0, 0.5, -1.0])[:, None]
        told: Tensor = self.out(self.inner(self.inner(at).tanh()).tanh()).mean(1)
        return told


class InPlace(nn.Module):
    """Changes an output before autograd has seen who asks."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 3))

    def forward(self, obs: Tensor) -> Tensor:
        told: Tensor = self.body(obs)
        return told


class ByWeight(InPlace):
    """Uses a layer's weight behind its back."""

    def forward(self, obs: Tensor) -> Tensor:
        last = dict(self.body[2].named_parameters())
        return F.linear(self.body[0](obs).relu(), last["weight"], last["bias"])


class Flattened(InPlace):
    """Makes rows of positions."""

    def forward(self, obs: Tensor) -> Tensor:
        both = torch.stack((obs, -obs), 1).flatten(0, 1)
        told: Tensor = self.body[2](self.body[0](both).relu()).view(-1, 2, 3).sum(1)
        return told


class Normed(nn.Module):
    """Has parameters outside of linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, obs: Tensor) -> Tensor:
        told: Tensor = self.body(obs)
        return told


@dataclass(frozen=True)
class Own(DQN):
    """DQN with a network of the test's own."""

    kind: type[nn.Module] = Twice

    def network(self, obs_space: Any, action_space: Any) -> nn.Module:
        return self.kind()


class Consistent(DQN):
    """Calls q with gradient on two kinds of rows, and once in vain."""

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        row = DQN.loss(self, q, q_target, batch, key)
        q(batch.next_obs)
        moved = q(batch.next_obs).square().sum(1) + q_target(batch.obs).sum(1)
        return RowLoss(row.loss + 0.1 * moved, row.td_error)


AGENTS = [
    DQN(hidden=(8, 6)),
    DQN(hidden=(8,), dueling=True, double=True, criterion="mse"),
    DQN(hidden=()),
    Own(kind=Twice),
    Consistent(hidden=(8,)),
]


@pytest.mark.parametrize("agent", AGENTS, ids=["mlp", "dueling", "linear", "twice", "two calls"])
@pytest.mark.parametrize("sizes", [[7], [7, 3, 5]], ids=["plain", "lanes"])
def test_row_norms_are_those_of_vmap_grad(
    agent: Any, sizes: list[int], make: Make, rows: Draw, row_gradients: Callable[..., Tensor]
) -> None:
    learner, batch = make(agent, len(sizes), by="rows"), rows(sizes)
    learner.target.flat.mul_(0.5)
    share = batch.weight / batch.size[:, None]
    parts = row_gradients(agent, learner, batch) * share[..., None]
    square, row_square = parts.sum(1).square().sum(1), parts.square().sum(2)
    exact = from_rows(square, row_square, batch.weight, batch.size)
    expected = corrected(exact, batch.weight, batch.size)
    learner.update(batch)
    moments = learner.noise.averages.state["moments"]  # type: ignore[union-attr]
    for k, own in enumerate((expected.trace, expected.square, expected.drawn), 1):
        torch.testing.assert_close(moments[:, 0, k], own * batch.size, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", [InPlace, ByWeight, Flattened])
@pytest.mark.parametrize("lanes", [1, 2])
def test_rows_that_do_not_explain_the_gradient_are_refused(
    kind: type[nn.Module], lanes: int, make: Make, rows: Draw
) -> None:
    learner = make(Own(kind=kind), lanes, by="rows")
    with pytest.raises(ConfigError, match=r"noise_scale.by: .*body\.[02]\.weight"):
        learner.update(rows([6] * lanes))


@pytest.mark.parametrize("kind", [InPlace, ByWeight, Flattened])
def test_auto_falls_to_chunks_where_rows_do_not_explain_the_gradient(
    kind: type[nn.Module], make: Make, rows: Draw
) -> None:
    learner = make(Own(kind=kind), 2, chunk_rows=2)
    for seed in range(3):
        learner.update(rows([6, 6], seed))
    assert learner.noise is not None
    assert learner.noise.by == "chunks"
    assert all(told["grad_trace"] > 0.0 for told in learner.noise.read())


def test_parameters_outside_of_linear_layers_are_named(make: Make) -> None:
    with pytest.raises(ConfigError, match=r"noise_scale.by: .*'body\.1\.weight'"):
        make(Own(kind=Normed), by="rows")
    assert make(Own(kind=Normed)).noise.by == "chunks"  # type: ignore[union-attr]


def test_a_parameter_in_two_layers_counts_as_outside() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    assert outside_linear(network) == []
    network[1].weight = network[0].weight
    assert outside_linear(network) == ["0.weight", "1.weight"]
