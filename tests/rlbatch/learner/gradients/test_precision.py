"""Products in fewer bits: near the exact gradient, and weights that stay float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from rlbatch.errors import ConfigError
from rlbatch.learner import Learner
from rlbatch.learner.gradients.precision import FIRST, MOST, PATIENCE, LossScale
from rlbatch.types import Batch

MakeLearner = Callable[..., Learner]
CPU = torch.device("cpu")


def row_gradients(learner: Learner, batch: Batch) -> torch.Tensor:
    """Of every row by itself, `[B, P]`: the rows of one lane, or one row of each lane."""
    if learner.lanes > 1:
        return learner.gradient(batch)
    one = torch.tensor([1])
    columns = [[column[:, n : n + 1] for column in batch[:-1]] for n in range(int(batch.size))]
    return torch.cat([learner.gradient(Batch._make([*row, one])) for row in columns])


@pytest.mark.parametrize(("lanes", "rows"), [(1, 32), (32, 1)])
@pytest.mark.parametrize("compile", [False, True])
def test_a_row_gradient_is_off_by_what_eight_bits_round(
    make: MakeLearner,
    weighted: Callable[..., Batch],
    noted: Any,
    lanes: int,
    rows: int,
    compile: bool,
) -> None:
    """The median over rows: a unit near 0 that switches moves a single row by more."""
    batch, seeds = weighted([rows] * lanes), range(1, lanes + 1)
    near, exact = (
        row_gradients(make(seeds, precision=bits, compile=compile), batch)
        for bits in ("bf16", "fp32")
    )
    off = (near - exact).norm(dim=1) / exact.norm(dim=1)
    assert 2.0**-11 < off.median() < 2.0**-7


@pytest.mark.parametrize("seeds", [[1], [1, 2, 3]])
def test_errors_in_bf16_are_near_and_all_that_is_kept_is_float32(
    make: MakeLearner, weighted: Callable[..., Batch], seeds: list[int]
) -> None:
    near, exact, batch = make(seeds, precision="bf16"), make(seeds), weighted([32] * len(seeds))
    off = (near.row_td_error(batch) - exact.row_td_error(batch)).abs().max()
    assert 0.0 < off < 2e-2 * exact.row_td_error(batch).abs().max()
    near.update(batch)
    kept = {own.dtype for own in near.state_dict().values() if own.is_floating_point()}
    assert kept <= {torch.float32, torch.float64}


def test_bf16_is_the_same_however_a_batch_is_cut(
    make: MakeLearner, weighted: Callable[..., Batch]
) -> None:
    batch = weighted([32, 9, 20])
    whole, cut = (make(precision="bf16", micro_batch=rows) for rows in (None, 5))
    off = (cut.gradient(batch) - whole.gradient(batch)).norm() / whole.gradient(batch).norm()
    assert off < 1e-2


def test_fp16_is_refused_without_a_gpu(make: MakeLearner) -> None:
    message = r"^learner\.precision: expected fp16 on a CUDA device, got cpu\. Say bf16, which "
    with pytest.raises(ConfigError, match=message):
        make(precision="fp16")


def test_a_loss_is_multiplied_and_its_gradient_divided_by_the_lanes_own_factor() -> None:
    scale = LossScale(2, CPU)
    scale.state["factor"][:] = torch.tensor([[4.0], [8.0]])
    assert scale.up(torch.tensor([1.0, 0.5])).tolist() == [4.0, 4.0]
    assert scale.down(torch.full((2, 3), 8.0)).tolist() == [[2.0] * 3, [1.0] * 3]


def judged(scale: LossScale, finite: list[bool], asked: list[bool]) -> list[bool]:
    told: list[bool] = scale.judge(torch.tensor(finite), torch.tensor(asked)).tolist()
    return told


def test_an_overflow_halves_the_factor_of_its_lane_alone_and_starts_its_count_anew() -> None:
    scale = LossScale(3, CPU)
    for _ in range(5):
        judged(scale, [True] * 3, [True] * 3)
    assert judged(scale, [True, False, False], [True, True, False]) == [False] * 3
    assert scale.state["factor"][:, 0].tolist() == [FIRST, FIRST / 2, FIRST]
    assert scale.state["sound"][:, 0].tolist() == [6, 0, 5]


def test_a_lane_that_is_not_asked_keeps_factor_and_count_whatever_it_says() -> None:
    scale = LossScale(2, CPU)
    for finite in (True, False, True):
        judged(scale, [finite, True], [False, True])
    assert scale.state["factor"][:, 0].tolist() == [FIRST, FIRST]
    assert scale.state["sound"][:, 0].tolist() == [0, 3]


@pytest.mark.parametrize(("factor", "grown"), [(FIRST, 2 * FIRST), (MOST, MOST)])
def test_a_factor_doubles_after_enough_sound_updates_up_to_its_most(
    factor: float, grown: float
) -> None:
    scale = LossScale(1, CPU)
    scale.state["factor"].fill_(factor)
    scale.state["sound"].fill_(PATIENCE - 2)
    factors, counts = [], []
    for _ in range(3):
        judged(scale, [True], [True])
        factors.append(scale.state["factor"].item())
        counts.append(scale.state["sound"].item())
    assert factors == [factor, grown, grown]
    assert counts == [PATIENCE - 1, 0, 1]


def test_at_the_least_factor_an_overflow_is_not_the_factors_fault() -> None:
    scale = LossScale(2, CPU)
    scale.state["factor"][:] = torch.tensor([[2.0], [1.0]])
    assert judged(scale, [False, False], [True, True]) == [False, True]
    assert judged(scale, [False, True], [True, True]) == [True, False]
    assert scale.state["factor"][:, 0].tolist() == [1.0, 1.0]
