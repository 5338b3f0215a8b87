"""What rlbatch is meant to reach, against which program."""

from __future__ import annotations

import pytest

from benchmarks.training_compared.aims import Compared, aim, compared


@pytest.mark.parametrize(
    ("lanes", "peer", "seeds", "expected"),
    [
        (1, "cleanrl", None, 1.2),
        (1, "sb3", None, 1.5),
        (1, "tianshou", None, None),
        (16, "cleanrl", None, 8.0),
        (64, "sb3", None, 10.0),
        (16, "tianshou", None, 8.0),
        (16, "purejaxrl-16", 16, 0.7),
        (64, "purejaxrl-16", 16, None),
        (1, "purejaxrl-1", 1, None),
        (16, "purejaxrl-16x10", None, None),
    ],
)
def test_one_lane_and_many_have_aims_of_their_own(
    lanes: int, peer: str, seeds: int | None, expected: float | None
) -> None:
    assert aim(lanes, peer, seeds) == expected


def test_a_ratio_is_taken_within_a_round() -> None:
    found = compared([8.0, 30.0, 90.0], [1.0, 10.0, 10.0], 16, "cleanrl", None)
    assert found == Compared(8.0, 8.0)
    assert found.met


def test_a_cell_tells_a_missed_aim() -> None:
    assert Compared(2.5, 8.0).told() == "2.50 (MISSED: 8)"
    assert Compared(9.0, 8.0).told() == "9.00 (aim 8)"
    assert Compared(0.4, None).told() == "0.40"
