"""A branch draws what it was told to draw, and a plan of branches fits in its time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from rlbatch.probe.branches import Branch, branch, branch_plan, branched
from rlbatch.probe.state import Frozen
from rlbatch.probe.throughput import Pace


def test_two_branches_of_one_size_make_the_same_progress_to_the_bit(
    make_frozen: Callable[..., Frozen],
) -> None:
    frozen = make_frozen()
    first, other, again = (branch(frozen, size, 256) for size in (16, 64, 16))
    assert np.array_equal(first.loss, again.loss)
    assert not np.array_equal(first.loss[-1], other.loss[-1])
    assert np.array_equal(first.loss[0], other.loss[0])


def test_a_branch_leaves_the_learner_as_it_was(make_frozen: Callable[..., Frozen]) -> None:
    frozen = make_frozen()
    before = {name: value.clone() for name, value in frozen.learner.state_dict().items()}
    branch(frozen, 16, 256, 4.0)
    after = frozen.learner.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)


@pytest.mark.parametrize(
    ("size", "drawn"),
    [(16, [0, 32, 64, 96, 128, 160, 192, 224, 256]), (128, [0, 128, 256]), (100, [0, 100, 200])],
)
def test_the_loss_is_read_at_some_points_and_at_the_end(
    make_frozen: Callable[..., Frozen], size: int, drawn: list[int]
) -> None:
    told = branch(make_frozen(), size, 256)
    assert told.drawn == drawn
    assert told.loss.shape == (len(drawn), 2)


def test_the_multiple_scales_the_learning_rate(make_frozen: Callable[..., Frozen]) -> None:
    frozen, seen = make_frozen(), []
    update = frozen.update
    frozen.update = lambda rows, lr: (seen.append(lr), update(rows, lr))[1]  # type: ignore[method-assign, func-returns-value]
    branch(frozen, 128, 256, 0.5)
    assert seen == [0.5 * frozen.rate(128)] * 2


def test_progress_is_the_share_that_is_gone_and_0_where_a_lane_diverged() -> None:
    loss = np.array([[4.0, 2.0, 1.0], [3.0, 3.0, 0.5]])
    told = Branch(8, [0, 8], loss, np.array([False, False, True]))
    assert told.progress.tolist() == [0.25, -0.5, 0.0]


def test_a_branch_makes_4_updates_or_more_and_sizes_are_powers_of_two(
    pace: Callable[[int, float], Pace],
) -> None:
    found = [pace(rows, 1.0) for rows in (64, 96, 128, 256, 512)]
    assert [own.rows for own in branched(found, 1024)] == [64, 128, 256]
    assert [own.rows for own in branched(found, 128)] == [64]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (9.0, (4096, [512, 256])),  # 4096 · 2 / 2048 + 4096 · 2 / 4096 = 6 s
        (5.9, (2048, [512, 256])),  # 3 s
        (1.6, (1024, [256])),  # of the least, at the one size that makes 4 updates
        (0.1, (1024, [256])),  # there is always one
    ],
)
def test_rows_are_halved_until_all_branches_end_in_time(
    pace: Callable[[int, float], Pace], seconds: float, expected: tuple[int, list[int]]
) -> None:
    found = [pace(256, 2048.0), pace(512, 4096.0)]
    assert branch_plan(found, 2, 4096, seconds, 1) == expected


def test_the_smallest_sizes_are_left_out_where_even_the_fewest_rows_take_too_long(
    pace: Callable[[int, float], Pace],
) -> None:
    found = [pace(64, 256.0), pace(128, 1024.0), pace(256, 1024.0)]
    assert branch_plan(found, 1, 1024, 2.5, 1) == (1024, [256, 128])
    assert branch_plan(found, 1, 1024, 2.5, 2) == (1024, [256])
    assert branch_plan(found, 1, 1024, 2.5, 1, beside=0.5) == (1024, [256])
