"""The range test: multiples of one learning rate over the same rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rlbatch.probe.branches import branch
from rlbatch.probe.rates import MULTIPLES, RangeTest, range_tests
from rlbatch.probe.state import Frozen


@pytest.mark.parametrize(
    ("progress", "best", "at_end"),
    [
        ([0.1, 0.2, 0.3, 0.2, 0.1], 1.0, False),
        ([0.5, 0.2, 0.3, 0.2, 0.1], 0.25, True),
        ([0.1, 0.2, 0.3, 0.4, 0.5], 4.0, True),
    ],
)
def test_the_best_multiple_has_the_most_progress_and_may_lie_at_an_end(
    progress: list[float], best: float, at_end: bool
) -> None:
    told = RangeTest(8, 1e-3, progress, [0] * 5)
    assert (told.best, told.at_end) == (best, at_end)


def test_every_multiple_is_a_branch_of_its_own(make_frozen: Callable[..., Frozen]) -> None:
    frozen = make_frozen()
    (told,) = range_tests(frozen, [32], 256, deadline=0.0)
    expected = [branch(frozen, 32, 256, multiple).progress.mean() for multiple in MULTIPLES]
    assert told.progress == [float(progress) for progress in expected]
    assert told.lr == frozen.rate(32)


def test_when_time_is_over_no_other_size_begins(make_frozen: Callable[..., Frozen]) -> None:
    assert [t.size for t in range_tests(make_frozen(), [128, 64], 128, deadline=0.0)] == [128]
