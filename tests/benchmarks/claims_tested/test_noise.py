"""Noise on frozen rewards."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.claims_tested.noise import noisy
from rlbatch.types import Batch

SEEDS = np.array([3, 4])


def batch(rows: list[int]) -> Batch:
    """Two lanes of the same insertion numbers, all rewards 1."""
    row = torch.tensor([rows, rows])
    one = torch.ones(row.shape)
    return Batch(one, row, one, one, one, one, row, torch.tensor([len(rows)] * 2))


def test_a_row_has_the_same_noise_in_every_batch_and_another_in_another_lane() -> None:
    first, again = noisy(batch([7, 5]), SEEDS, 4.0).reward, noisy(batch([5]), SEEDS, 4.0).reward
    assert torch.equal(first[:, 1], again[:, 0])
    assert len({*first.flatten().tolist()}) == 4


def test_noise_is_gaussian_with_the_spread_that_was_asked_for() -> None:
    noise = (noisy(batch(list(range(20_000))), SEEDS, 4.0).reward - 1.0) / 4.0
    assert abs(float(noise.mean())) < 0.02  # 4 standard errors of 40,000 numbers
    assert abs(float(noise.std()) - 1.0) < 0.015
    assert abs(float(noise.abs().gt(1.96).double().mean()) - 0.05) < 0.005
