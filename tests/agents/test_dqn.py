"""DQN's loss by pencil.

Two states, two actions; Q is a table, so that `q(obs)` looks up a row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor

from agents.dqn import DQN
from rlbatch.contract import Agent
from rlbatch.errors import ConfigError
from rlbatch.types import Batch

ONLINE = torch.tensor([[1.0, 2.0], [5.0, 3.0]])
TARGET = torch.tensor([[0.0, 0.0], [4.0, 10.0]])
KEY = torch.tensor(0)
ACTIONS = spaces.Discrete(2)


def batch(action: list[int], reward: list[float], discount: list[float]) -> Batch:
    """Transitions from state 0 to state 1."""
    rows = len(action)
    numbers = torch.tensor(reward), torch.ones(rows, dtype=torch.int64), torch.tensor(discount)
    obs, weight = torch.zeros(rows, dtype=torch.int64), torch.ones(rows)
    return Batch(
        obs, torch.tensor(action), *numbers, weight, torch.arange(rows), torch.tensor(rows)
    )


def q(obs: Tensor) -> Tensor:
    return ONLINE[obs]


def q_target(obs: Tensor) -> Tensor:
    return TARGET[obs]


def errors(agent: DQN, rows: Batch) -> list[float]:
    return agent.loss(q, q_target, rows, KEY).td_error.tolist()


ROWS = batch([0, 1, 1], [1.0, 1.0, 2.5], [0.5, 0.5, 0.0])


def test_the_error_is_the_reward_and_the_best_the_target_expects_less_the_value_taken() -> None:
    assert errors(DQN(), ROWS) == [5.0, 4.0, 0.5]  # 1 + ½·10 − 1, 1 + ½·10 − 2, 2.5 − 2


def test_double_values_by_the_target_what_the_online_network_would_do() -> None:
    assert errors(DQN(double=True), ROWS) == [2.0, 1.0, 0.5]  # 1 + ½·4 − 1, 1 + ½·4 − 2


def test_a_discount_of_zero_ends_the_bootstrap_and_any_other_is_used_as_it_is() -> None:
    rows = batch([0, 0, 0], [0.0, 0.0, 0.0], [0.0, 0.1, 1.0])
    assert errors(DQN(), rows) == [-1.0, 0.0, 9.0]  # δ = discount · 10 − 1


def test_huber_is_half_the_square_up_to_one_and_linear_beyond() -> None:
    rows = batch([0, 0, 0, 0], [1.5, 2.0, 4.0, -2.0], [0.0] * 4)  # δ = ½, 1, 3, −3
    assert DQN().loss(q, q_target, rows, KEY).loss.tolist() == [0.125, 0.5, 2.5, 2.5]


def test_mse_is_the_square() -> None:
    rows = batch([0, 0, 0], [1.5, 2.0, -2.0], [0.0] * 3)  # δ = ½, 1, −3
    losses = DQN(criterion="mse").loss(q, q_target, rows, KEY).loss
    assert losses.tolist() == [0.25, 1.0, 9.0]


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize(("criterion", "slope"), [("huber", [-1.0, -0.5]), ("mse", [-10.0, -1.0])])
def test_only_the_value_taken_is_learned(double: bool, criterion: Any, slope: list[float]) -> None:
    online, target = ONLINE.clone().requires_grad_(), TARGET.clone().requires_grad_()
    agent = DQN(double=double, criterion=criterion)
    rows = batch([0, 1], [6.0, 2.5], [0.0, 0.0])  # δ = 5, ½
    row = agent.loss(lambda obs: online[obs], lambda obs: target[obs], rows, KEY)
    row.loss.sum().backward()  # type: ignore[no-untyped-call]
    assert online.grad is not None
    assert online.grad.tolist() == [slope, [0.0, 0.0]]
    assert target.grad is None
    assert not row.td_error.requires_grad


def test_a_loss_has_as_many_rows_as_its_batch() -> None:
    for rows in (1, 7):
        row = DQN().loss(q, q_target, batch([0] * rows, [1.0] * rows, [0.9] * rows), KEY)
        assert row.loss.shape == row.td_error.shape == (rows,)


@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)])
def test_dueling_advantages_have_a_mean_of_zero(hidden: tuple[int, ...]) -> None:
    network: Any = DQN(dueling=True, hidden=hidden).network(spaces.Box(-1, 1, (3,)), ACTIONS)
    obs = torch.linspace(-1, 1, 12).reshape(4, 3)
    values = network(obs)
    state = network.value(network.body(obs))
    assert torch.allclose(values.mean(1), state[:, 0], atol=1e-6)
    gaps = network.advantage(network.body(obs)).diff(dim=1)
    assert torch.allclose(values.diff(dim=1), gaps, atol=1e-6)


@pytest.mark.parametrize("dueling", [False, True])
def test_a_network_has_one_value_for_each_action(dueling: bool) -> None:
    agent = DQN(dueling=dueling, hidden=(6,))
    images = agent.network(spaces.Box(0, 255, (2, 3), np.uint8), spaces.Discrete(5))
    assert images(torch.ones(4, 2, 3, dtype=torch.uint8)).shape == (4, 5)
    rooms = agent.network(spaces.Discrete(7), spaces.Discrete(5))
    assert rooms(torch.tensor([0, 6])).shape == (2, 5)


def test_the_default_network_is_cleanrls() -> None:
    network = DQN().network(spaces.Box(-1, 1, (4,)), ACTIONS)
    shapes = [tuple(p.shape) for p in network.parameters() if p.ndim == 2]
    assert shapes == [(120, 4), (84, 120), (2, 84)]


def test_a_network_without_hidden_layers_is_linear() -> None:
    network = DQN(hidden=()).network(spaces.Box(-1, 1, (3,)), ACTIONS)
    one, other = torch.rand(2, 1, 3, generator=torch.Generator().manual_seed(1))
    middle = network((one + other) / 2)
    assert torch.allclose(middle, (network(one) + network(other)) / 2, atol=1e-6)


@pytest.mark.parametrize("start", [0, 3])
def test_each_discrete_observation_has_an_input_of_its_own(start: int) -> None:
    network = DQN(hidden=()).network(spaces.Discrete(3, start=start), ACTIONS)
    weight, bias = dict(network.named_parameters()).values()
    values = network(torch.arange(start, start + 3))
    assert torch.allclose(values, weight.T + bias)


def test_the_output_is_the_values() -> None:
    assert torch.equal(DQN().values(ONLINE), ONLINE)


def test_it_is_an_agent() -> None:
    assert isinstance(DQN(), Agent)


def test_widths_and_spaces_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^agent\.hidden: expected widths ≥ 1, got \(8, 0\)\."):
        DQN(hidden=(8, 0))
    with pytest.raises(ConfigError, match="expected a Discrete action space"):
        DQN().network(spaces.Box(-1, 1, (3,)), spaces.Box(-1, 1, (3,)))
