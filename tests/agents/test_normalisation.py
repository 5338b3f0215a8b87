"""Ghost batch normalisation: torch's own where one group is the whole batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor, nn

from agents.dqn import DQN
from agents.normalisation import GhostBatchNorm
from rlbatch.contract import GroupStatistics
from rlbatch.errors import ConfigError, DataError

OBS, ACTIONS = spaces.Box(-np.inf, np.inf, (4,), np.float32), spaces.Discrete(3)


def rows(count: int) -> Tensor:
    return torch.randn(count, 3, generator=torch.Generator().manual_seed(0)) * 2.0 + 1.0


def moved(norm: GhostBatchNorm) -> tuple[Tensor, Tensor]:
    """Running mean and variance after each group in turn, as a learner moves them."""
    means, variances = norm.take().values()
    mean, variance = norm.running_mean, norm.running_var
    for k in range(len(means)):
        mean = mean + norm.momentum * (means[k] - mean)
        variance = variance + norm.momentum * (variances[k] - variance)
    return mean, variance


@pytest.mark.parametrize("groups", [1, 3])
def test_each_group_is_what_torch_makes_of_a_batch_and_so_is_what_is_kept(groups: int) -> None:
    norm, torchs, x = GhostBatchNorm(3, 16, momentum=0.2), nn.BatchNorm1d(3, momentum=0.2), rows(48)
    expected = torch.cat([torchs(x[k * 16 : k * 16 + 16]) for k in range(groups)])
    torch.testing.assert_close(norm(x[: groups * 16]), expected)
    mean, variance = moved(norm)
    torch.testing.assert_close(mean, torchs.running_mean)
    torch.testing.assert_close(variance, torchs.running_var)  # by n − 1, as torch has it


@pytest.mark.parametrize("how", ["no_grad", "eval"])
def test_without_gradient_and_in_evaluation_rows_do_not_see_each_other(how: str) -> None:
    norm, x = GhostBatchNorm(3, 16), rows(5)
    norm.running_mean.fill_(1.0)
    norm.running_var.fill_(4.0)
    if how == "eval":
        norm.eval()
    with torch.set_grad_enabled(how == "eval"):
        torch.testing.assert_close(norm(x), (x - 1.0) / (4.0 + 1e-5) ** 0.5)
    assert norm.take() == {}


def test_a_call_changes_no_buffer_and_a_reading_is_told_once() -> None:
    norm = GhostBatchNorm(3, 16)
    norm(rows(32))
    assert norm.running_mean.tolist() == [0.0] * 3
    assert norm.running_var.tolist() == [1.0] * 3
    assert norm.take()["running_mean"].shape == (2, 3)
    assert norm.take() == {}


def test_rows_that_are_no_whole_number_of_groups_are_refused() -> None:
    with pytest.raises(DataError, match=r"^agent\.norm: expected multiples of norm_group \(16 r"):
        GhostBatchNorm(3, 16)(rows(24))


def kinds(dueling: bool, norm: Any) -> list[str]:
    network = DQN(dueling=dueling, norm=norm, hidden=(8, 6)).network(OBS, ACTIONS)
    named = {"Linear", "ReLU", "LayerNorm", "GhostBatchNorm"}
    return [type(own).__name__ for own in network.modules() if type(own).__name__ in named]


@pytest.mark.parametrize(("norm", "name"), [("layer", "LayerNorm"), ("batch", "GhostBatchNorm")])
@pytest.mark.parametrize(("dueling", "heads"), [(False, 1), (True, 2)])
def test_every_hidden_layer_is_normalised_before_its_relu(
    norm: str, name: str, dueling: bool, heads: int
) -> None:
    assert kinds(dueling, norm) == ["Linear", name, "ReLU"] * 2 + ["Linear"] * heads
    assert kinds(dueling, "none") == ["Linear", "ReLU"] * 2 + ["Linear"] * heads


def test_what_keeps_statistics_is_known_by_its_form() -> None:
    assert isinstance(GhostBatchNorm(3, 16), GroupStatistics)
    assert not isinstance(nn.BatchNorm1d(3), GroupStatistics)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"norm": "group"}, r"^agent\.norm: expected none, layer or batch, got group"),
        ({"norm_group": 8}, r"^agent\.norm_group: expected at least 16 rows, got 8\. Say small_gr"),
        ({"norm_group": 1, "small_groups": True}, r"norm_group: expected at least 2 rows, got 1"),
        ({"norm_momentum": 0.0}, r"^agent\.norm_momentum: expected a share in \(0, 1\], got 0"),
    ],
)
def test_a_normalisation_that_cannot_be_meant_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DQN(**wrong)


def test_small_groups_are_made_when_asked_for() -> None:
    agent = DQN(norm="batch", norm_group=4, small_groups=True, hidden=(8,))
    network = agent.network(OBS, ACTIONS)
    assert network(torch.randn(4, 4)).shape == (4, 3)
