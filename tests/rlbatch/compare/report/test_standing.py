from __future__ import annotations

from typing import Any

import pytest

from rlbatch.compare.report.standing import learns, standing


def against(two: dict[str, Any], **intervals: list[float] | None) -> dict[str, Any]:
    """The report with these intervals of doubling − fixed-128; the margin is 10."""
    (pair,) = two["pairs"].values()
    for measure, bounds in intervals.items():
        pair[measure] |= {"difference": 0.0, "ci": bounds}
    return two


@pytest.mark.parametrize(
    ("auc", "lrt", "stands"),
    [
        ([-5.0, 5.0], [-0.3, -0.1], "better"),  # lower drawdown, and learns as much
        ([-10.0, 5.0], [-0.3, -0.1], "void"),  # AUC may be lower by the whole margin
        ([-9.9, 5.0], [-0.3, -0.1], "better"),
        (None, [-0.3, -0.1], "void"),  # AUC without an interval shows nothing
        ([-5.0, 5.0], [-0.3, 0.0], "open"),  # zero is not excluded
        ([-5.0, 5.0], [0.1, 0.3], "worse"),
        ([-50.0, -40.0], [0.1, 0.3], "worse"),  # worse needs no excuse
        ([-5.0, 5.0], None, "open"),
    ],
)
def test_stability_counts_only_where_the_regime_learns_as_much(
    two: dict[str, Any], auc: list[float] | None, lrt: list[float] | None, stands: str
) -> None:
    assert standing(against(two, auc=auc, LRT=lrt), "doubling", "LRT") == stands


def test_higher_is_better_for_short_term_risk(two: dict[str, Any]) -> None:
    found = against(two, auc=[1.0, 2.0], SRT=[0.1, 0.2])
    assert standing(found, "doubling", "SRT") == "better"


def test_performance_needs_no_proof_of_learning(two: dict[str, Any]) -> None:
    found = against(two, auc=[-99.0, 9.0], final_return=[1.0, 2.0])
    assert standing(found, "doubling", "final_return") == "better"


def test_the_baseline_stands_nowhere_against_itself(two: dict[str, Any]) -> None:
    assert standing(two, "fixed-128", "auc") == "open"


def test_without_a_margin_nothing_is_shown_to_learn(two: dict[str, Any]) -> None:
    found = against(two, auc=[1.0, 2.0])
    assert learns(found, "doubling")
    found["plan"]["margin"] = None
    assert not learns(found, "doubling")
