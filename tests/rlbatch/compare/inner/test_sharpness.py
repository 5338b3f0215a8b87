"""The top eigenvalue is that of the Hessian written out in full."""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev

from agents.dqn import DQN
from rlbatch.compare.inner import sharpness, top_eigenvalue
from rlbatch.contract import QFn
from rlbatch.types import Batch, RowLoss


def batch_of(obs: Tensor, action: Tensor) -> Batch:
    """Rows that earn 1 and end."""
    one = torch.ones(len(obs))
    row = torch.arange(len(obs))
    return Batch(obs, action, one, obs, 0.0 * one, one, row, torch.tensor(len(obs)))


def random_batch(rows: int = 30) -> Batch:
    generator = torch.Generator().manual_seed(1)
    obs = torch.randn(rows, 3, generator=generator)
    batch = batch_of(obs, torch.randint(2, (rows,), generator=generator))
    return batch._replace(discount=torch.full((rows,), 0.9), next_obs=obs.flip(0))


def net(*widths: int, bias: bool = True) -> nn.Sequential:
    """Tanh between layers: smooth, so that the Hessian exists everywhere."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out, bias), nn.Tanh()]
        return nn.Sequential(*layers[:-1])


def full_hessian(agent: DQN, network: nn.Module, batch: Batch) -> Any:
    """`[P, P]` float64 by torch.func, the target network held still."""
    names, parts = zip(*network.named_parameters(), strict=True)
    sizes = [part.numel() for part in parts]
    still = {name: part.detach().clone() for name, part in network.named_parameters()}

    def loss(flat: Tensor) -> Tensor:
        pieces = zip(names, torch.split(flat, sizes), parts, strict=True)
        own = {name: piece.reshape(part.shape) for name, piece, part in pieces}
        row = agent.loss(
            lambda obs: functional_call(network, own, (obs,)),
            lambda obs: functional_call(network, still, (obs,)),
            batch,
            torch.tensor(0),
        )
        return row.loss.mean()

    flat = torch.cat([part.detach().reshape(-1) for part in parts])
    return jacrev(jacrev(loss))(flat).double().numpy()


def test_of_a_linear_value_it_is_that_of_twice_the_second_moment() -> None:
    obs = torch.tensor([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0], [1.0, 1.0, 0.0], [2.0, 0.0, 1.0]])
    batch = batch_of(obs, torch.zeros(4, dtype=torch.int64))
    x = obs.double().numpy()
    wanted = np.linalg.eigvalsh(2.0 * x.T @ x / 4.0)[-1]  # 2·E[xxᵀ]
    found = sharpness(DQN(criterion="mse"), net(3, 1, bias=False), batch)
    assert found.converged
    assert found.value == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("criterion", ["mse", "huber"])
def test_of_a_small_network_it_is_that_of_the_full_hessian(double: bool, criterion: Any) -> None:
    agent = DQN(double=double, criterion=criterion)
    network, batch = net(3, 4, 2), random_batch()
    wanted = np.linalg.eigvalsh(full_hessian(agent, network, batch))[-1]
    found = sharpness(agent, network, batch)
    assert found.converged
    assert found.value == pytest.approx(wanted, rel=1e-3)


class Through(DQN):
    """Lets gradients flow into the target network, where there is a way."""

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        td_error = batch.reward + 0.9 * q_target(batch.next_obs)[:, 0] - q(batch.obs)[:, 0]
        return RowLoss(td_error.square(), td_error.detach())


def test_the_target_network_is_held_still() -> None:
    agent, network, batch = Through(), net(3, 4, 2), random_batch()
    wanted = np.linalg.eigvalsh(full_hessian(agent, network, batch))[-1]
    assert sharpness(agent, network, batch).value == pytest.approx(wanted, rel=1e-3)


def test_it_repeats_itself_and_leaves_the_network_as_it_was() -> None:
    agent, network, batch = DQN(), net(3, 4, 2), random_batch()
    before = [p.detach().clone() for p in network.parameters()]
    assert sharpness(agent, network, batch) == sharpness(agent, network, batch)
    assert all(map(torch.equal, network.parameters(), before))
    assert all(p.grad is None for p in network.parameters())


@pytest.mark.parametrize(
    ("diagonal", "top"),
    [
        ([3.0, 1.0, -2.0], 3.0),
        ([1.0, 0.5, -4.0], 1.0),  # the largest in magnitude is not the top
        ([2.0, 0.0, -2.0], 2.0),  # neither end wins
        ([-2.0, 0.0, 2.0], 2.0),
        ([-1.0, -2.0, -3.0], -1.0),
        ([0.0, 0.0, 0.0], 0.0),
    ],
)
def test_the_top_is_found_wherever_the_spectrum_lies(diagonal: list[float], top: float) -> None:
    matrix = torch.diag(torch.tensor(diagonal))
    found = top_eigenvalue(lambda v: matrix @ v, torch.tensor([0.3, -0.5, 0.9]))
    assert found.converged
    assert found.value == pytest.approx(top, abs=1e-3)


def test_what_has_not_converged_says_so_and_is_no_overestimate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.modules[top_eigenvalue.__module__], "ITERATIONS", 3)
    matrix = torch.diag(torch.tensor([1.0, 0.9, -0.8]))
    found = top_eigenvalue(lambda v: matrix @ v, torch.ones(3))
    assert not found.converged
    assert 0.5 < found.value < 0.999


def test_products_that_are_no_numbers_end_it() -> None:
    asked: list[Tensor] = []

    def product(v: Tensor) -> Tensor:
        asked.append(v)
        return v * torch.nan

    found = top_eigenvalue(product, torch.ones(3))
    assert len(asked) == 1
    assert not found.converged
    assert not found.value <= 0.0
