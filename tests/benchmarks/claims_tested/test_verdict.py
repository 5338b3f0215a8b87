"""Verdicts on claims, small enough for a pencil."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.claims_tested.verdict import Exponent, Region, Verdict, mean, ratio, together
from rlbatch.compare.inference import Interval
from rlbatch.errors import ConfigError


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-1.05, -0.95, "holds"),
        (-1.1, -0.9, "holds"),
        (-1.15, -0.95, "undecided"),
        (-0.85, -0.5, "does not hold"),
        (-2.0, -1.2, "does not hold"),
    ],
)
def test_a_region_holds_only_where_the_whole_interval_lies_in_it(
    low: float, high: float, expected: Verdict
) -> None:
    assert Region(low=-1.1, high=-0.9)(Interval(-1.0, low, high)) == expected


def test_a_region_without_an_upper_end_asks_for_more_than_its_lower_one() -> None:
    above_1 = Region(low=1.0)
    assert above_1(Interval(1.5, 1.2, 1.9)) == "holds"
    assert above_1(Interval(0.8, 0.7, 0.9)) == "does not hold"
    assert above_1(Interval(1.1, 0.9, 1.3)) == "undecided"


def test_a_number_without_an_interval_decides_nothing() -> None:
    assert Region(low=1.0)(Interval(5.0, None, None)) == "undecided"


def test_an_empty_region_is_refused() -> None:
    with pytest.raises(ConfigError, match="region: expected low < high"):
        Region(low=1.0, high=1.0)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.4, 0.6, "holds"),
        (0.4, 1.1, "undecided"),
        (-0.1, 0.6, "undecided"),
        (0.6, 1.1, "does not hold"),
        (-0.1, 0.1, "does not hold"),
    ],
)
def test_an_exponent_holds_where_it_is_in_the_interval_and_its_rivals_are_not(
    low: float, high: float, expected: Verdict
) -> None:
    square_root = Exponent(expected=0.5, rivals=(0.0, 1.0))
    assert square_root(Interval(0.5, low, high)) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["holds", "holds"], "holds"),
        (["does not hold", "does not hold"], "does not hold"),
        (["holds", "does not hold", "undecided"], "depends"),
        (["holds", "undecided"], "undecided"),
        (["does not hold", "undecided"], "undecided"),
    ],
)
def test_a_claim_depends_where_one_part_holds_and_another_does_not(
    parts: list[Verdict], expected: Verdict
) -> None:
    assert together(parts) == expected


def test_the_mean_of_equal_lanes_has_an_interval_of_no_width() -> None:
    assert mean(np.full(8, 3.0), "test") == (3.0, 3.0, 3.0)


def test_the_interval_of_a_mean_stays_within_its_lanes_and_is_the_same_again() -> None:
    lanes = np.array([1.0, 2.0, 3.0, 6.0])
    found = mean(lanes, "test")
    assert found.value == 3.0
    assert found.low is not None
    assert found.high is not None
    assert 1.0 <= found.low < 3.0 < found.high <= 6.0
    assert mean(lanes, "test") == found


def test_a_ratio_is_a_geometric_mean_over_pairs() -> None:
    found = ratio(np.array([2.0, 8.0]), np.array([1.0, 1.0]), "test")
    assert found == pytest.approx((4.0, 2.0, 8.0))
