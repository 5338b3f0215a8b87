"""Dormant units and effective rank of networks built by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from rlbatch.compare.inner import dormant_ratio, srank, watch


def layer(weight: list[list[float]]) -> nn.Linear:
    """A linear layer without bias."""
    made = nn.Linear(len(weight[0]), len(weight), bias=False)
    made.weight.data = torch.tensor(weight)
    return made


def test_units_without_weights_are_dormant() -> None:
    network = nn.Sequential(layer([[1.0], [0.0], [2.0], [0.0]]), nn.ReLU(), nn.Linear(4, 2))
    seen = watch(network, torch.tensor([[1.0], [3.0]]))
    assert [a.tolist() for a in seen.activity] == [[2.0, 0.0, 4.0, 0.0]]  # E|h|
    assert dormant_ratio(seen.activity) == 0.5


def test_the_magnitude_of_an_activity_counts() -> None:
    network = nn.Sequential(layer([[1.0], [-1.0]]), nn.LeakyReLU(0.5))
    assert watch(network, torch.tensor([[1.0]])).activity[0].tolist() == [1.0, 0.5]


def test_layers_are_judged_each_by_its_own_mean() -> None:
    loud, faint = torch.tensor([100.0, 100.0]).double(), torch.tensor([1e-3, 1e-3, 0.0]).double()
    assert dormant_ratio([loud, faint]) == 1 / 5


@pytest.mark.parametrize(("low", "ratio"), [(0.02, 0.5), (0.03, 0.0)])
def test_the_threshold_is_a_fortieth_of_the_mean(low: float, ratio: float) -> None:
    assert dormant_ratio([torch.tensor([low, 2.0 - low]).double()]) == ratio  # mean 1


def test_a_layer_that_is_silent_as_a_whole_is_dormant_as_a_whole() -> None:
    assert dormant_ratio([torch.zeros(3).double(), torch.ones(1).double()]) == 0.75


def test_a_channel_of_a_convolution_is_one_unit() -> None:
    conv = nn.Conv2d(1, 2, 1, bias=False)
    conv.weight.data = torch.tensor([1.0, 0.0]).reshape(2, 1, 1, 1)
    seen = watch(nn.Sequential(conv, nn.ReLU()), torch.ones(3, 1, 4, 4))
    assert [a.tolist() for a in seen.activity] == [[1.0, 0.0]]
    assert seen.features is None


def test_a_network_without_activations_or_linear_layers_has_no_signs() -> None:
    seen = watch(nn.Identity(), torch.ones(2, 3))
    assert dormant_ratio(seen.activity) is None
    assert srank(seen.features) is None


def test_what_is_not_finite_has_no_sign() -> None:
    assert dormant_ratio([torch.tensor([1.0, torch.nan]).double()]) is None
    assert srank(torch.tensor([[1.0, torch.inf]])) is None


def test_features_are_what_enters_the_linear_layer_called_last() -> None:
    class Crossed(nn.Module):
        """Registered in the other order than called."""

        def __init__(self) -> None:
            super().__init__()
            self.last, self.first = layer([[1.0, 1.0]]), layer([[2.0], [-2.0]])

        def forward(self, obs: Tensor) -> Tensor:
            values: Tensor = self.last(self.first(obs).relu())
            return values

    features = watch(Crossed(), torch.tensor([[1.0], [-3.0]])).features
    assert features is not None
    assert features.tolist() == [[2.0, 0.0], [0.0, 6.0]]


def test_no_hook_stays_behind_even_where_the_forward_fails() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    with pytest.raises(RuntimeError):
        watch(network, torch.ones(1, 3))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


@pytest.mark.parametrize("rank", [1, 3, 5])
def test_a_matrix_of_equal_singular_values_has_its_rank(rank: int) -> None:
    rng = np.random.default_rng(rank)
    left, right = (np.linalg.qr(rng.normal(size=(n, rank)))[0] for n in (20, 8))
    assert srank(torch.from_numpy(left @ right.T)) == rank


@pytest.mark.parametrize(("small", "rank"), [(0.009, 1), (0.012, 2)])
def test_a_hundredth_of_the_sum_may_be_left_out(small: float, rank: int) -> None:
    assert srank(torch.diag(torch.tensor([1.0, small]))) == rank


def test_features_that_are_all_zero_have_no_dimension() -> None:
    assert srank(torch.zeros(4, 3)) == 0
