from __future__ import annotations

from typing import Any

import pytest

from rlbatch.compare.report.reading import (
    against_baseline,
    arrow,
    identical,
    interval,
    measures_of,
    show,
    show_interval,
    show_p,
    value,
)


@pytest.mark.parametrize(
    ("numbers", "written"),
    [
        ((475.25, 12.0), ["475.2", "12.0"]),
        ((0.1234,), ["0.123"]),
        ((-1.5, None), ["−1.50", "–"]),
        ((12_345.6,), ["12,346"]),
        ((0.0,), ["0.000"]),
        ((0.00002,), ["2e−05"]),
        ((-0.0,), ["0.000"]),
    ],
)
def test_numbers_have_as_many_decimals_as_their_size_deserves(
    numbers: tuple[float | None, ...], written: list[str]
) -> None:
    assert show(*numbers) == written


def test_an_interval_has_the_decimals_of_its_value() -> None:
    assert show_interval([0.5, 2.0], 101.0) == "[0.5, 2.0]"
    assert show_interval(None) == ""


def test_a_p_value_is_never_zero() -> None:
    assert [show_p(p) for p in (0.0, 0.03125, None)] == ["< 0.001", "0.031", "–"]


def test_values_are_found_where_the_report_keeps_them(two: dict[str, Any]) -> None:
    regime = two["regimes"]["fixed-128"]
    assert value(regime, "final_return") == regime["final_return_iqm"]
    assert value(regime, "time_to_threshold") == 22_000.0
    assert value(regime, "auc") == regime["auc"]
    assert interval({"ci": {"final_return_iqm": [1.0, 2.0]}}, "final_return") == [1.0, 2.0]
    assert interval({"ci": {}}, "auc") is None


def test_a_pair_planned_the_other_way_round_changes_its_sign(two: dict[str, Any]) -> None:
    (pair,) = two["pairs"].values()
    pair["treatment"], pair["control"] = pair["control"], pair["treatment"]
    pair["auc"] |= {"difference": 5.0, "ci": [1.0, 9.0]}
    assert against_baseline(two, "doubling", "auc") == (-5.0, -9.0, -1.0)


def test_a_pair_without_the_baseline_says_nothing_about_it(ten: dict[str, Any]) -> None:
    ten["pairs"]["linear - fixed-32"]["control"] = "yoked"
    assert against_baseline(ten, "linear", "auc") is None


def test_identical_runs_have_no_difference(report: dict[str, Any]) -> None:
    assert identical(report, "twin")
    assert not identical(report, "doubling")
    assert against_baseline(report, "twin", "auc") is None


def test_measures_come_in_the_registry_s_order_and_strangers_last() -> None:
    pair = {"role": "primary", "strange": {}, "LRT": {}, "auc": {}}
    assert measures_of(pair) == ["auc", "LRT", "strange"]
    assert [arrow(measure) for measure in measures_of(pair)] == ["↑", "↓", ""]
