"""The answer in words: what may be said, and what never."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rlbatch.compare.analysis.verdict import learned, steadier, verdict, wins_over

ReportOf = Callable[..., dict[str, Any]]
PLAN: dict[str, Any] = {
    "hash": "00", "kept": True, "primary": "auc", "co_primary": "LRT", "alpha": 0.05,
    "margin": 5.0, "n": 8, "least_seeds": 7,
}  # fmt: skip


def told(difference: float, ci: Any = None, p: float | None = 1.0, n: int = 8) -> dict[str, Any]:
    return {"difference": difference, "ci": ci, "p_holm": p, "n": n}


def pair(auc: Any = None, lrt: Any = None, unlearned: bool = False) -> dict[str, Any]:
    own = {"auc": auc, "LRT": lrt}
    names = {"treatment": "b", "control": "a", "role": "primary", "identical": False}
    return names | {"unlearned": unlearned} | {k: v for k, v in own.items() if v is not None}


def said(own: dict[str, Any], **plan: Any) -> tuple[str, str]:
    """Headline and the first line."""
    report = {"plan": PLAN | plan, "pairs": {"b": own}, "regimes": {}}
    found = verdict(report, [])
    return found["headline"], found["lines"][0]


MORE, LESS = told(9.0, [4.0, 14.0], 0.01), told(-9.0, [-14.0, -4.0], 0.01)
SAME, WIDE = told(0.0, [-4.0, 4.0]), told(0.0, [-6.0, 6.0])
STEADY, SHAKY = told(-0.2, [-0.3, -0.1], 0.01), told(0.2, [0.1, 0.3], 0.01)


@pytest.mark.parametrize(
    ("auc", "lrt", "wins", "learning", "stability"),
    [
        (MORE, STEADY, True, "b learned more than a (", "It was steadier ("),
        (MORE, SHAKY, True, "b learned more than a (", "It was less steady ("),
        (SAME, STEADY, True, "b learned no less than a (", "It was steadier ("),
        (SAME, SHAKY, False, "b learned no less than a (", "It was less steady ("),
        (SAME, told(-0.2), False, "b learned no less than a (", "No difference in stability"),
        (WIDE, STEADY, False, "more or less is open (", "Its curve moves less ("),
        (LESS, STEADY, False, "b learned less than a (", "Its curve moves less ("),
        (MORE, None, True, "b learned more than a (", "Stability was not compared."),
    ],
)
def test_steadier_counts_only_where_no_less_was_learned(
    auc: Any, lrt: Any, wins: bool, learning: str, stability: str
) -> None:
    headline, line = said(pair(auc, lrt))
    assert learning in line
    assert stability in line
    assert wins_over(pair(auc, lrt), PLAN) is wins
    assert ("better or steadier: b over a" in headline) is wins
    assert ("steadier" in line) is (stability == "It was steadier (")


def test_the_margin_itself_is_no_worse_and_beyond_it_is_open() -> None:
    assert learned(pair(told(0.0, [-5.0, 5.0])), PLAN) == "no worse"
    assert learned(pair(told(0.0, [-5.001, 5.0])), PLAN) == "open"


@pytest.mark.parametrize("auc", [MORE, SAME, told(50.0, [50.0, 50.0], 0.01)])
def test_what_never_learned_never_wins(auc: Any) -> None:
    flat = pair(auc, STEADY, unlearned=True)
    assert not wins_over(flat, PLAN)
    headline, line = said(flat)
    assert headline == "No planned contrast shows a difference."
    assert line.startswith("b never learned, so it cannot have learned more than a (")
    assert "which does not count" in line


def test_what_never_learned_can_lose() -> None:
    assert learned(pair(LESS, STEADY, unlearned=True), PLAN) == "worse"


@pytest.mark.parametrize(("n", "least"), [(5, 5), (5, 6), (7, 8), (1, 6)])
def test_below_the_least_seeds_nothing_counts_and_no_p_is_told(n: int, least: int) -> None:
    auc, lrt = MORE | {"n": n}, STEADY | {"n": n}
    own = pair(auc, lrt)
    plan = PLAN | {"least_seeds": least}
    assert (learned(own, plan), steadier(own, plan), wins_over(own, plan)) == ("open",) * 2 + (
        False,
    )
    headline, line = said(own, least_seeds=least)
    assert headline.startswith(f"Too few paired seeds for a verdict: {n}, where {least} ")
    assert not re.search(r"p =|signific|steadier|more than|less than|no less", line)


def test_a_p_above_alpha_or_unadjusted_shows_nothing() -> None:
    for p in (0.051, None):
        assert learned(pair(told(9.0, None, p)), PLAN) == "open"
    assert learned(pair(told(9.0, None, 0.05)), PLAN) == "better"


def test_another_primary_measure_decides_what_was_learned() -> None:
    own = pair(told(0.0, [-4.0, 4.0], None)) | {"final_return": MORE}
    plan = PLAN | {"primary": "final_return"}
    assert learned(own, plan) == "better"
    assert learned(own | {"final_return": SAME}, plan) == "no worse"
    assert "b learned more than a (final return: +9" in said(own, primary="final_return")[1]


def test_a_planned_contrast_that_was_not_measured_is_told() -> None:
    headline, line = said(pair())
    assert headline.startswith("Too few paired seeds for a verdict: 0")
    assert line == "b against a: not compared."


def test_one_pair_is_one_pair() -> None:
    own = pair(told(1.0, n=1), told(0.0, n=1))
    assert ", 1 pair)" in said(own)[1]


def test_regimes_of_one_config_are_said_to_be_one(report_of: ReportOf, climbs: Any) -> None:
    found = report_of({"a": climbs(), "b": climbs()}, contrasts=["b"])["verdict"]
    assert found["headline"] == (
        "The regimes compared are one and the same: not one number differs."
    )
    assert found["lines"] == ["b is a: every paired difference is exactly zero."]


def test_regimes_of_one_config_are_said_to_be_one_without_a_plan(
    report_of: ReportOf, climbs: Any
) -> None:
    found = report_of({"a": climbs(), "b": climbs()})["verdict"]
    assert "b is a: every paired difference is exactly zero." in found["lines"]


@pytest.mark.parametrize("height", [10.0, 95.0])
def test_the_arm_that_learns_nothing_never_wins(
    report_of: ReportOf, climbs: Any, height: float
) -> None:
    flat = np.linspace(height, height + 4, 10)[:, None] * np.ones(40)
    curves = {"a": climbs(10, top=40, noise=20), "b": climbs(10, noise=20, draw=1), "lr0": flat}
    report = report_of(curves, controls={"lr0": ("lr0", "a")}, contrasts=["b", "lr0", "lr0 vs b"])
    tested = [own for own in report["pairs"].values() if own["treatment"] == "lr0"]
    assert steadier(tested[0], report["plan"]) == "better"  # it is flat, after all
    assert [wins_over(own, report["plan"]) for own in tested] == [False, False]
    words = [report["verdict"]["headline"], *report["verdict"]["lines"]]
    assert not re.search(r"steadier: [^.;]*lr0", words[0])
    assert not [line for line in words[1:] if re.match(r"lr0 learned (more|no less)", line)]
    assert "lr0 never learned, so that its steadiness means nothing." in words


def test_a_clear_gain_on_seeds_enough_is_a_win(report_of: ReportOf, climbs: Any) -> None:
    report = report_of({"a": climbs(7, top=40), "b": climbs(7, draw=1)}, contrasts=["b"])
    assert report["plan"]["least_seeds"] == 7
    assert report["verdict"]["headline"] == (
        "Of 1 planned contrasts, better or steadier: b over a."
    )


@pytest.mark.parametrize("seeds", [1, 2, 5, 6])
def test_the_same_gain_on_too_few_seeds_is_none(
    report_of: ReportOf, climbs: Any, seeds: int
) -> None:
    report = report_of({"a": climbs(seeds, top=40), "b": climbs(seeds, draw=1)}, contrasts=["b"])
    headline, lines = report["verdict"]["headline"], report["verdict"]["lines"]
    assert headline.startswith(f"Too few paired seeds for a verdict: {seeds}, where 7 ")
    assert not [line for line in lines if re.search(r"p =|signific|more than|no less", line)]


def test_one_evaluation_is_no_flat_curve(report_of: ReportOf) -> None:
    lines = report_of({"a": [[1.0]], "b": [[2.0]]})["verdict"]["lines"]
    assert not [line for line in lines if "never learned" in line]
