"""The bias of weights divided by their own batch's mean."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rlbatch.learner.noise.estimate import Estimate, from_rows
from rlbatch.learner.noise.normalised import corrected


def estimate(square: float, trace: float, drawn: float) -> Estimate:
    """Of one lane."""
    s, q, d = (torch.tensor([x], dtype=torch.float64) for x in (trace, square, drawn))
    return Estimate(square=q, trace=s, drawn=d, enough=torch.ones(1, dtype=torch.bool))


def test_one_correction_by_hand() -> None:
    # w = ½ and 3/2: V = ¼. M = 1 + 3 and mean w²g² = 1 + 2, ρ = ¾: |G|² / (1 + 1.75 / 2)
    told = corrected(estimate(1.0, 3.0, 2.0), torch.tensor([[0.5, 1.5, 0.0]]), torch.tensor([2]))
    square, moment = 1.0 / 1.875, 4.0 / 1.25
    assert float(told.square) == pytest.approx(square)
    assert float(told.trace) == pytest.approx(moment - square)
    assert float(told.drawn) == pytest.approx(3.0 - square)


@pytest.mark.parametrize("weight", [[1.0, 1.0], [0.5, 1.0]])
def test_weights_that_were_not_divided_change_nothing(weight: list[float]) -> None:
    own = estimate(1.0, 3.0, 3.0)
    told = corrected(own, torch.tensor([weight]), torch.tensor([2]))
    assert [float(one) for one in told] == pytest.approx([float(one) for one in own])


def prioritised(batches: int, rows: int) -> tuple[Tensor, Tensor, float, float]:
    """Gradients g = e x drawn with p ∝ |e|^0.6, their weights, and the true |G|² and M."""
    torch.manual_seed(0)
    x, noise = torch.randn(200, 6).double(), torch.randn(200).double()
    error = 0.5 + x[:, 0] + noise
    every, p = (error[:, None] * x), error.abs() ** 0.6
    drawn = torch.multinomial(p, batches * rows, replacement=True).view(batches, rows)
    weight = 1.0 / p[drawn]
    weight = weight / weight.mean(1, keepdim=True)
    moment = float(every.square().sum(1).mean())
    return every[drawn], weight, float(every.mean(0).square().sum()), moment


def test_most_of_the_bias_goes() -> None:
    gradients, weight, square, moment = prioritised(20_000, 16)
    size, parts = torch.full((20_000,), 16), gradients * weight[..., None] / 16
    told = from_rows(parts.sum(1).square().sum(1), parts.square().sum(2), weight, size)
    better = corrected(told, weight, size)
    for true, name in ((square, "square"), (moment, "moment")):
        was, now = (abs(mean_of(own, name) / true - 1.0) for own in (told, better))
        assert was > 0.04
        assert now < was / 3.0


def mean_of(own: Estimate, name: str) -> float:
    moment = own.square + own.trace
    return float((own.square if name == "square" else moment).mean())
