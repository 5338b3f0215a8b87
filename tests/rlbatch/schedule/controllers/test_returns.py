"""B follows the return."""

from __future__ import annotations

import pytest

from rlbatch.contract import Memory
from rlbatch.schedule.controllers import FollowReturn
from rlbatch.types import Signal


def sizes(controller: FollowReturn, returns: list[float]) -> list[float]:
    memory: Memory = {}
    found = []
    for episode in returns:
        wanted, memory = controller(Signal(0, meters={"return": episode}), memory)
        found.append(wanted)
    return found


def test_rows_go_the_same_share_of_their_way_as_the_return() -> None:
    controller = FollowReturn(low=100, high=200, worst=-50.0, best=50.0, smoothing=0.0)
    assert sizes(controller, [-50.0, -25.0, 0.0, 50.0]) == [100.0, 125.0, 150.0, 200.0]


def test_rows_may_fall_as_the_return_rises() -> None:
    controller = FollowReturn(low=100, high=200, worst=0.0, best=4.0, smoothing=0.0, reverse=True)
    assert sizes(controller, [0.0, 1.0, 4.0]) == [200.0, 175.0, 100.0]


def test_a_return_beyond_its_ends_asks_for_no_more_than_the_ends() -> None:
    controller = FollowReturn(low=100, high=200, worst=0.0, best=4.0, smoothing=0.0)
    assert sizes(controller, [-9.0, 9.0]) == [100.0, 200.0]


def test_the_first_return_is_believed_and_later_ones_smoothed() -> None:
    controller = FollowReturn(low=100, high=200, worst=0.0, best=100.0)
    assert sizes(controller, [20.0, 30.0, 20.0]) == pytest.approx([120.0, 121.0, 120.9])


def test_ends_that_are_not_told_are_the_least_and_the_most_so_far() -> None:
    controller = FollowReturn(low=100, high=200, smoothing=0.0)
    assert sizes(controller, [10.0, 20.0, 15.0, 0.0, 15.0]) == [100.0, 200.0, 150.0, 100.0, 175.0]


def test_one_end_may_be_told_and_the_other_found() -> None:
    controller = FollowReturn(low=100, high=200, worst=0.0, smoothing=0.0)
    assert sizes(controller, [-5.0, 40.0, 10.0]) == [100.0, 200.0, 125.0]
