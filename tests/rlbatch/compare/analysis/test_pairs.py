"""Regimes against each other: who is paired, what is tested, what is adjusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rlbatch.compare.measures import MEASURES
from rlbatch.compare.settings import Env

ReportOf = Callable[..., dict[str, Any]]


def measured_in(report: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Every measure of every pair."""
    return {
        (name, measure): own
        for name, pair in report["pairs"].items()
        for measure, own in pair.items()
        if isinstance(own, dict)
    }


def test_two_regimes_of_one_config_differ_by_exactly_zero(report_of: Any, climbs: Any) -> None:
    report = report_of({"a": climbs(), "b": climbs()}, contrasts=["b"])
    found = measured_in(report)
    assert {measure for _, measure in found} == set(MEASURES)
    assert {own["difference"] for own in found.values()} == {0}
    assert all(own["ci"] == [0, 0] and own["p"] == 1 for own in found.values())
    assert report["pairs"]["b"]["identical"]


def test_one_evaluation_of_one_seed_is_enough_to_differ(report_of: Any, climbs: Any) -> None:
    other = climbs()
    other[3, 20] += 0.5
    assert not report_of({"a": climbs(), "b": other})["pairs"]["b"]["identical"]


def test_holm_is_over_planned_contrasts_and_endpoints_alone(report_of: Any, climbs: Any) -> None:
    curves = {name: climbs(draw=k, top=90 - 4 * k, count=12) for k, name in enumerate("abcd")}
    report = report_of(curves, contrasts=["b", "c vs b"])
    primary = {key: own for key, own in measured_in(report).items() if own["role"] == "primary"}
    assert set(primary) == {(p, m) for p in ("b", "c vs b") for m in ("auc", "LRT")}
    smallest = min(primary.values(), key=lambda own: own["p"])
    assert smallest["p_holm"] == pytest.approx(4 * smallest["p"])
    assert all(own["p_holm"] >= own["p"] for own in primary.values())
    others = [own for key, own in measured_in(report).items() if key not in primary]
    assert {(own["role"], own["p_holm"]) for own in others} == {("exploratory", None)}


def test_a_planned_test_that_could_not_be_made_still_counts(report_of: Any) -> None:
    curves = {"a": np.arange(8.0)[:, None], "b": np.arange(8.0)[:, None] + 5}  # one evaluation
    auc = report_of(curves, contrasts=["b"])["pairs"]["b"]["auc"]
    assert auc["p_holm"] == pytest.approx(2 * auc["p"])


def test_everyone_is_compared_with_the_baseline_and_controls_with_their_source(
    report_of: ReportOf, climbs: Any
) -> None:
    controls = {"m": ("matched", "b"), "lr0": ("lr0", "b")}
    curves = {name: climbs(2, count=3) for name in ("a", "b", "m", "lr0")}
    report = report_of(curves, controls=controls, contrasts=["m vs b"])
    roles = {name: pair["role"] for name, pair in report["pairs"].items()}
    assert roles == {
        "m vs b": "primary",
        "b": "exploratory",
        "m": "exploratory",
        "lr0": "exploratory",
    }


def test_seeds_are_paired_by_their_number_and_not_by_their_place(report_of: ReportOf) -> None:
    level = np.arange(1.0, 9.0)[:, None] * np.ones(4)
    report = report_of({"a": level, "b": level[2:6]}, runs={"b": {"seed": 3}})
    auc = report["pairs"]["b"]["auc"]
    assert (auc["difference"], auc["n"]) == (0, 4)
    note = "b in Room has no seeds [1, 2, 7, 8]; pairs leave them out."
    assert note in report["verdict"]["notes"]


def test_without_a_common_seed_nothing_is_compared(report_of: ReportOf, climbs: Any) -> None:
    report = report_of({"a": climbs(2), "b": climbs(2)}, runs={"b": {"seed": 50}})
    assert not [key for key in measured_in(report) if key[0] == "b"]
    assert "b vs a: no seed in common." in report["verdict"]["notes"]


def test_a_missing_run_is_not_compared_and_that_is_told(report_of: ReportOf, climbs: Any) -> None:
    report = report_of({"a": None, "b": climbs(2)})
    assert report["pairs"] == {}
    assert "b vs a: not compared, since a run is missing." in report["verdict"]["notes"]


def test_one_seed_has_differences_and_no_intervals(report_of: ReportOf, climbs: Any) -> None:
    found = measured_in(report_of({"a": climbs(1), "b": climbs(1, draw=1)}, contrasts=["b"]))
    assert ("b", "auc") in found
    nothing = ("ci", "effect", "correlation", "seeds_needed", "improvement_ci")
    assert all(own[key] is None for own in found.values() for key in nothing)


@pytest.mark.parametrize("several", [False, True])
def test_a_regime_that_never_moved_or_never_learns_is_marked(
    report_of: ReportOf, climbs: Any, several: bool
) -> None:
    envs = [Env(name=name, score=(0, 100)) for name in ("Room", "Hall")[: 1 + several]]
    curves = {"a": climbs(2), "b": climbs(2), "lr0": climbs(2), "flat": np.full((2, 40), 9.0)}
    report = report_of(curves, controls={"lr0": ("lr0", "a")}, envs=envs)
    marked = {name: pair["unlearned"] for name, pair in report["pairs"].items()}
    assert marked == {"b": False, "lr0": True, "flat": True}
