"""The estimators by hand, and that averages of them are right."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rlbatch.learner.noise.estimate import Estimate, from_chunks, from_rows


def by_rows(gradients: Tensor, weight: Tensor, size: int) -> Estimate:
    """Of one lane, from gradients `[B, P]` of which the first `size` are its own."""
    weighted = gradients * weight[:, None] / size
    row_square = weighted.square().sum(1)[None]
    square = weighted.sum(0).square().sum()[None]
    return from_rows(square, row_square, weight[None], torch.tensor([size]))


def test_two_rows_by_hand() -> None:
    # g = 1 and 3: |G|² = 1 · 3, the only product of two rows; tr Σ = (1 + 9) / 2 - 3
    told = by_rows(torch.tensor([[1.0], [3.0]]), torch.ones(2), 2)
    assert (float(told.square), float(told.trace), float(told.drawn)) == (3.0, 2.0, 2.0)


def test_two_rows_weighted_by_hand() -> None:
    # w g = ½ · 2 and 3/2 · 2: |G|² = 1 · 3; Σ w g² / 2 = (2 + 6) / 2; Σ w² g² / 2 = (1 + 9) / 2
    told = by_rows(torch.tensor([[2.0], [2.0]]), torch.tensor([0.5, 1.5]), 2)
    assert (float(told.square), float(told.trace), float(told.drawn)) == (3.0, 1.0, 2.0)


def test_rows_of_weight_0_are_rows_that_add_nothing() -> None:
    told = by_rows(torch.tensor([[2.0], [4.0], [9.0]]), torch.tensor([1.5, 1.5, 0.0]), 3)
    assert float(told.square) == pytest.approx(3.0 * 6.0 * 2.0 / (3.0 * 2.0))
    assert float(told.trace) == pytest.approx(1.5 * (4.0 + 16.0) / 3.0 - 6.0)


def test_padding_does_not_enter() -> None:
    rows, weight = torch.tensor([[1.0], [3.0], [0.0]]), torch.tensor([1.0, 1.0, 0.0])
    padded, tight = by_rows(rows, weight, 2), by_rows(rows[:2], weight[:2], 2)
    assert all(float(one) == float(other) for one, other in zip(padded, tight, strict=True))


def test_three_chunks_by_hand() -> None:
    # g_k = 1, 2, 6: ḡ = 3, mean g² = 41/3; |G|² = (3 · 9 - 41/3) / 2; tr Σ = 4 · 3/2 · (41/3 - 9)
    mean, chunk = torch.tensor([9.0]), torch.tensor([41.0 / 3.0])
    told = from_chunks(mean, chunk, torch.tensor([3]), 4, torch.ones(1))
    assert float(told.square) == pytest.approx((2 + 6 + 12) / 3.0)  # mean product of two chunks
    assert float(told.trace) == float(told.drawn) == pytest.approx(28.0)


def test_chunks_of_one_row_say_what_rows_say() -> None:
    rows = torch.tensor([[1.0, 0.0], [3.0, 1.0], [-1.0, 2.0]])
    mean, chunk = rows.mean(0).square().sum()[None], rows.square().sum(1).mean()[None]
    chunks = from_chunks(mean, chunk, torch.tensor([3]), 1, torch.ones(1))
    for one, other in zip(chunks, by_rows(rows, torch.ones(3), 3), strict=True):
        assert float(one) == pytest.approx(float(other))


def test_the_share_turns_what_was_drawn_into_what_is_uniform() -> None:
    # tr Σ as drawn 2 and |G|² 3 make mean w²g² = 5; a share of 4/5 leaves mean w g² = 4
    mean, chunk = torch.tensor([4.0]), torch.tensor([5.0])
    told = from_chunks(mean, chunk, torch.tensor([2]), 1, torch.tensor([0.8]))
    assert float(told.square) == 3.0
    assert (float(told.trace), float(told.drawn)) == pytest.approx((1.0, 2.0))


@pytest.mark.parametrize(("size", "bad"), [(1, 0.0), (0, 0.0), (2, float("inf"))])
def test_too_few_rows_or_one_that_is_not_finite_is_not_enough(size: int, bad: float) -> None:
    square, rows = torch.tensor([1.0]), torch.tensor([[1.0 + bad, 1.0]])
    told = from_rows(square, rows, torch.ones(1, 2), torch.tensor([size]))
    assert not told.enough
    chunks = torch.tensor([min(size, 1)])
    assert not from_chunks(square, square, chunks, 8, torch.ones(1)).enough


def test_estimates_have_no_bias_where_the_squared_mean_has() -> None:
    # g ~ N(½, 1) in 3 dimensions: |G|² = 0.75, tr Σ = 3, and the mean of 4 rows squares to 1.5
    torch.manual_seed(0)
    rows = torch.randn(40_000, 4, 3, dtype=torch.float64) + 0.5
    square, row_square = rows.mean(1).square().sum(1), (rows / 4).square().sum(2)
    told = from_rows(square, row_square, torch.ones(40_000, 4), torch.full((40_000,), 4))
    assert float(square.mean()) == pytest.approx(1.5, rel=0.02)
    assert float(told.square.mean()) == pytest.approx(0.75, rel=0.02)
    assert float(told.trace.mean()) == pytest.approx(3.0, rel=0.02)
