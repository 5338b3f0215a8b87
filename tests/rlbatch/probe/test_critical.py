"""The critical batch size, on progress that a pencil made up."""

from __future__ import annotations

import numpy as np
import pytest

from rlbatch.probe.branches import Branch
from rlbatch.probe.critical import critical, critical_size

SIZES = np.array([8, 16, 32, 64])


def branches(*progress: list[float]) -> list[Branch]:
    """Sizes 8, 16, … whose lanes have made this progress."""
    return [
        Branch(
            int(size),
            [0, 1],
            np.array([[1.0] * len(own), [1.0 - p for p in own]]),
            np.zeros(len(own), np.bool_),
        )
        for size, own in zip(SIZES, progress, strict=False)
    ]


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        ([1.0, 0.9, 0.8, 0.7], 32),  # 0.8 is just enough
        ([1.0, 0.9, 0.79, 0.7], 16),
        ([0.5, 1.0, 0.7, 0.9], 64),  # the largest that is enough, whatever lies between
        ([1.0, 0.1, 0.1, 0.1], 8),
        ([-0.1, -0.2, 0.0, -0.3], 0),  # no progress at all
    ],
)
def test_it_is_the_largest_size_that_misses_no_more_than_the_tolerance(
    progress: list[float], expected: int
) -> None:
    assert critical_size(SIZES, np.array(progress), 0.2) == expected


def test_it_goes_by_the_mean_of_the_lanes() -> None:
    found = critical(branches([1.0, 0.6], [1.0, 0.4], [0.2, 0.4]), 0.2)
    assert (found.size, found.at_end) == (16, False)  # means 0.8, 0.7, 0.3


def test_lanes_that_agree_leave_no_doubt() -> None:
    found = critical(branches([1.0] * 4, [0.9] * 4, [0.1] * 4), 0.2)
    assert found == (16, 16, 16, False)


def test_lanes_that_disagree_widen_the_interval_around_it() -> None:
    found = critical(branches([1.0, 1.0, 1.0], [0.9, 0.9, 0.9], [0.2, 0.9, 1.0]), 0.2)
    assert found.low is not None
    assert found.high is not None
    assert (found.low, found.size, found.high) == (16, 16, 32)


def test_resamples_take_the_same_lanes_at_every_size() -> None:
    """One lane makes ten times the progress of the other, but both say 16."""
    found = critical(branches([0.1, 1.0], [0.09, 0.9], [0.05, 0.5]), 0.2)
    assert (found.low, found.high) == (16, 16)


def test_one_lane_has_no_interval() -> None:
    assert critical(branches([1.0], [0.9]), 0.2) == (16, None, None, True)


def test_without_progress_there_is_none() -> None:
    assert critical(branches([-0.1], [-0.2]), 0.2).size is None
