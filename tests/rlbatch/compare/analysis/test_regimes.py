"""What a regime comes to in the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rlbatch.compare.settings import Env

ReportOf = Callable[..., dict[str, Any]]
UP = [10.0, 50.0, 80.0, 90.0]
LATE = [10.0, 20.0, 30.0, 80.0]


def test_estimates_are_trimmed_means_over_seeds(report_of: ReportOf) -> None:
    curves = [[0.0, value] for value in (1.0, 50.0, 60.0, 99.0)]
    found = report_of({"a": curves})["regimes"]["a"]
    assert (found["final_return_iqm"], found["auc"]) == (55, 27.5)
    assert (found["worst_seed"], found["n"], found["collapse_rate"]) == (1, 4, 0)
    low, high = found["ci"]["final_return_iqm"]
    assert 1 <= low < 55 < high <= 99


def test_one_seed_has_no_intervals(report_of: ReportOf) -> None:
    found = report_of({"a": [UP]})["regimes"]["a"]
    assert found["ci"] == {}
    curve = found["curves"]["Room"]
    assert (curve["iqm"], curve["low"], curve["high"]) == (UP, None, None)


def test_constant_curves_have_intervals_without_width(report_of: ReportOf) -> None:
    found = report_of({"a": np.full((4, 40), 30.0)})["regimes"]["a"]
    bounds = {name: ci for name, ci in found["ci"].items() if name != "time_to_threshold"}
    assert bounds["auc"] == bounds["final_return_iqm"] == [30, 30]
    assert {"LRT", "SRT", "DT", "DR", "RR", "DF", "RF", "worst_seed"} <= set(bounds)
    assert all(low == pytest.approx(high) for low, high in bounds.values())


def test_a_threshold_reached_at_the_last_evaluation_is_reached(report_of: ReportOf) -> None:
    found = report_of({"a": [UP, LATE, [1.0] * 4]})["regimes"]["a"]["time_to_threshold"]
    assert found["env_steps"] == {
        "restricted_mean": pytest.approx((300 + 400 + 400) / 3),
        "reached": 2,
        "of": 3,
    }
    assert found["updates"]["restricted_mean"] == pytest.approx(110 / 3)
    assert {axis: told["reached"] for axis, told in found.items()} == dict.fromkeys(
        ("env_steps", "updates", "samples", "wall_s"), 2
    )


def test_a_seed_that_never_got_to_the_threshold_has_no_time(report_of: ReportOf) -> None:
    found = report_of({"a": [UP, [1.0] * 4]})["regimes"]["a"]["per_seed"]
    assert [seed["time_to_threshold"] for seed in found] == [300, None]


def test_wall_time_counts_only_where_runs_had_the_machine_for_themselves(
    report_of: ReportOf,
) -> None:
    told = report_of({"a": [UP]}, jobs=2)
    assert "wall_s" not in told["regimes"]["a"]["time_to_threshold"]
    assert "Runs shared the machine, so that wall time is left out." in told["verdict"]["notes"]


def test_a_threshold_counts_within_the_budget_that_all_had(report_of: ReportOf) -> None:
    found = report_of({"a": [LATE], "b": [UP[:3]]})["regimes"]
    assert found["a"]["time_to_threshold"]["env_steps"]["reached"] == 0
    assert found["a"]["time_to_threshold"]["env_steps"]["restricted_mean"] == 300
    assert found["b"]["time_to_threshold"]["env_steps"]["reached"] == 1


def test_a_lane_that_diverged_leaves_the_others_their_time(report_of: ReportOf) -> None:
    runs = {"a": {"stops": {1: 5}}}
    found = report_of({"a": [LATE, [1.0] * 4]}, runs=runs)["regimes"]["a"]
    assert found["time_to_threshold"]["updates"]["reached"] == 1
    assert found["divergences"] == 1
    assert [row["diverged"] for row in found["per_seed"]] == [False, True]


def test_without_a_threshold_there_is_no_time(report_of: ReportOf) -> None:
    found = report_of({"a": [UP]}, envs=[Env(name="Room")])["regimes"]["a"]
    assert found["time_to_threshold"] is None
    assert found["per_seed"][0]["time_to_threshold"] is None


@pytest.mark.parametrize(("axis", "half"), [("env_steps", 200), ("updates", 20), ("samples", 160)])
def test_the_batch_size_is_told_along_the_budget(report_of: ReportOf, axis: str, half: int) -> None:
    found = report_of({"a": [UP]}, runs={"a": {"rows": (8, 32)}}, budget=axis)
    sizes = found["regimes"]["a"]["batch_size"]["Room"]
    if axis != "samples":  # the made log says none
        assert sizes == {"x": [0, half, 2 * half], "rows": {"1": [8, 32, 32]}}
    assert sizes["x"][-1] == 2 * half


def test_signs_and_robustness_are_told_with_what_is_missing_in_them(report_of: ReportOf) -> None:
    found = report_of({"a": [UP, LATE]})["regimes"]["a"]
    assert found["diagnostics"]["q_max"] == {
        "value": 1.5,
        "per_seed": [1, 2],
        "experimental": False,
    }
    assert found["robustness"]["heavy"] == {"value": 3, "ci": None, "per_seed": [3, None]}


def test_the_status_of_a_run_is_shown(report_of: ReportOf) -> None:
    report = report_of({"a": [UP], "b": [UP]}, runs={"b": {"status": "interrupted"}})
    assert [own["status"] for own in report["regimes"].values()] == ["finished", "interrupted"]
