"""Gradients of the same rows, cut and padded."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from benchmarks.claims_tested.cuts import WholeNorm, differences, padded
from rlbatch.types import Batch


def batch() -> Batch:
    """Two lanes of three rows, numbered."""
    rows = torch.arange(6).reshape(2, 3)
    numbers = rows.float()
    ends = numbers[..., None]
    return Batch(ends, rows, numbers, ends, numbers, numbers + 1, rows, torch.tensor([3, 3]))


def test_padding_has_no_weight_and_no_number_and_own_rows_stay() -> None:
    own, wide = batch(), padded(batch())
    assert wide.row[:, 3:].tolist() == [[-1] * 3] * 2
    assert wide.weight[:, 3:].tolist() == [[0.0] * 3] * 2
    for before, after in zip(own[:-1], wide[:-1], strict=True):
        assert torch.equal(after[:, :3], before)
    assert wide.size.tolist() == [3, 3]


def test_differences_are_relative_and_means_over_draws() -> None:
    def other(own: Batch) -> Tensor:
        return own.reward * torch.tensor([[1.5], [1.0]])

    found = differences(lambda own: own.reward, other, [batch(), batch()])
    assert found.tolist() == pytest.approx([0.5, 0.0])


def test_the_plain_norm_is_torchs_own() -> None:
    x = torch.randn(12, 3)
    torch.testing.assert_close(WholeNorm(3)(x), nn.BatchNorm1d(3)(x))
