"""Weights of the averages by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from rlbatch.learner.noise.averages import Averages
from rlbatch.learner.noise.estimate import Estimate

YES = torch.ones(1, dtype=torch.bool)


def estimate(trace: float, square: float, drawn: float = 0.0, enough: bool = True) -> Estimate:
    """Of one lane."""
    s, q, d = (torch.tensor([x], dtype=torch.float64) for x in (trace, square, drawn))
    return Estimate(square=q, trace=s, drawn=d, enough=torch.tensor([enough]))


def rows(*counts: int) -> Tensor:
    return torch.tensor(counts)


def test_a_measurement_weighs_its_rows_and_fades_over_the_horizon() -> None:
    averages = Averages(1, 10, torch.device("cpu"))
    averages.add(estimate(3.0, 1.0), rows(20), YES)
    averages.add(estimate(5.0, 2.0), rows(10), YES)
    kept = 20.0 * math.exp(-1.0)
    weight, trace, square, _ = averages.state["moments"][0, 0].tolist()
    assert weight == pytest.approx(kept + 10.0)
    assert trace == pytest.approx(3.0 * kept + 50.0)
    assert square == pytest.approx(kept + 20.0)
    assert averages.state["weights"][0].tolist() == pytest.approx([2.0, kept**2 + 100.0])


def test_every_product_of_two_is_summed() -> None:
    averages = Averages(1, 10**9, torch.device("cpu"))
    averages.add(estimate(3.0, -1.0, 5.0), rows(2), YES)
    x = torch.tensor([1.0, 3.0, -1.0, 5.0], dtype=torch.float64)
    torch.testing.assert_close(averages.state["moments"][0], 2.0 * x[:, None] * x)


@pytest.mark.parametrize(("ok", "enough"), [(False, True), (True, False)])
def test_a_lane_left_out_stays_as_it_is_to_the_bit(ok: bool, enough: bool) -> None:
    averages = Averages(1, 10, torch.device("cpu"))
    averages.add(estimate(3.0, 1.0), rows(20), YES)
    before = {name: own.clone() for name, own in averages.state.items()}
    averages.add(estimate(math.nan, 1.0, enough=enough), rows(10), YES & ok)
    assert all(torch.equal(own, before[name]) for name, own in averages.state.items())


def test_forgetting_one_lane_leaves_the_other() -> None:
    averages = Averages(2, 10, torch.device("cpu"))
    both = Estimate(*(torch.ones(2, dtype=torch.float64),) * 3, torch.ones(2, dtype=torch.bool))
    averages.add(both, rows(4, 4), torch.ones(2, dtype=torch.bool))
    averages.forget(torch.tensor([True, False]))
    assert [bool(own[0].any()) for own in averages.state.values()] == [False, False]
    assert [bool(own[1].any()) for own in averages.state.values()] == [True, True]
