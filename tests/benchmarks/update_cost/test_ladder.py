"""Rungs and powers from times that need no machine."""

from __future__ import annotations

import pytest

from benchmarks.update_cost.growth import power_since
from benchmarks.update_cost.ladder import rungs, told_table

TIMES = [([100.0, 100.0, 100.0], [10.0, 20.0, 25.0]), ([125.0, 250.0, 500.0], [100.0] * 3)]


def test_a_rung_is_held_against_its_products_and_the_rung_before() -> None:
    first, second = rungs(2, [256, 512], TIMES)
    assert (first["over_floor"], first["over_floor_met"]) == (5.0, None)
    assert (first["over_rung"], first["over_rung_met"]) == (None, None)
    assert (second["over_floor"], second["over_floor_met"]) == (2.5, False)
    assert (second["over_rung"], second["over_rung_met"]) == (0.8, False)
    assert second["rows_per_s"] == pytest.approx(2 * 512 / 250e-6)


def test_missed_aims_are_told() -> None:
    last = told_table(rungs(2, [256, 512], TIMES)).splitlines()[-1]
    assert "MISSED: 2.50" in last
    assert "MISSED: 0.80" in last


def test_eight_times_the_time_for_twice_the_size_is_the_third_power() -> None:
    assert power_since({"size": 64, "us": 10.0}, 128, 80.0) == pytest.approx(3.0)
