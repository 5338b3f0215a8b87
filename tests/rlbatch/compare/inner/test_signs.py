"""Signs of action values, by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from agents.dqn import DQN
from rlbatch.compare.inner import (
    ProbeSet,
    as_batch,
    q_max,
    soft_divergence,
    td_error,
    value_bound,
)

CPU = torch.device("cpu")
ONE = torch.tensor([0.0, -2.0, 1.0])


class Table(nn.Module):
    """Action values by room."""

    def __init__(self, values: list[list[float]]) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.tensor(values))

    def forward(self, obs: Tensor) -> Tensor:
        return self.table[obs]


def test_the_largest_value_counts_whatever_its_sign() -> None:
    assert q_max(torch.tensor([[1.0, -7.0], [3.0, 2.0]])) == 7.0


def test_the_bound_is_the_largest_reward_for_ever() -> None:
    assert value_bound(ONE, 0.75) == 8.0
    assert value_bound(ONE, 1.0) == float("inf")
    assert value_bound(torch.zeros(3), 0.75) is None


@pytest.mark.parametrize(("largest", "diverged"), [(7.9, 0.0), (8.0, 0.0), (-8.1, 1.0)])
def test_values_beyond_the_bound_have_softly_diverged(largest: float, diverged: float) -> None:
    assert soft_divergence(torch.tensor([[0.0, largest]]), ONE, 0.75) == diverged


def test_values_right_at_the_bound_up_to_rounding_have_not() -> None:
    bound = 1.0 / (1.0 - 0.99)
    for share, diverged in ((1.0 + 2e-7, 0.0), (1.0 + 1e-5, 1.0)):
        values = torch.tensor([[bound * share]])
        assert soft_divergence(values, torch.ones(1), 0.99) == diverged


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_have_diverged(broken: float) -> None:
    for gamma in (0.5, 1.0):
        assert soft_divergence(torch.tensor([[1.0, broken]]), ONE, gamma) == 1.0


def test_without_any_reward_there_is_no_bound_to_exceed() -> None:
    assert soft_divergence(torch.tensor([[9.0]]), torch.zeros(2), 0.5) is None


def test_the_td_error_of_exact_values_is_zero(two_step: ProbeSet) -> None:
    batch = as_batch(two_step, 0.5, CPU)
    assert td_error(DQN(), Table([[0.5, 0.5], [0.0, 1.0]]), batch) == 0.0


def test_the_td_error_is_the_mean_of_its_magnitudes(two_step: ProbeSet) -> None:
    batch = as_batch(two_step, 0.5, CPU)
    network = Table([[1.5, 0.25], [0.0, 1.0]])  # δ = −1, ¼, 0, 0
    assert td_error(DQN(), network, batch) == pytest.approx(1.25 / 4)
