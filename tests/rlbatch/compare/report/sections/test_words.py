from __future__ import annotations

from typing import Any

from rlbatch.compare.report.sections.words import notes, plan, verdict


def test_the_verdict_says_the_headline_and_every_line(two: dict[str, Any]) -> None:
    assert "<h2>No difference is shown.</h2><ul><li>n is 8.</li></ul>" in verdict(two)


def test_a_plan_that_was_not_kept_is_said_aloud(two: dict[str, Any]) -> None:
    assert "<b>kept</b>" in plan(two)
    two["plan"]["kept"] = False
    assert "<b>not kept</b>" in plan(two)


def test_too_few_seeds_are_said_aloud(two: dict[str, Any]) -> None:
    assert "8; the planned tests need at least 7" in plan(two)
    two["plan"]["least_seeds"] = 8
    assert "8; the planned tests need at least 8" in plan(two)
    two["plan"]["least_seeds"] = 9
    assert "8, fewer than the 9" in plan(two)


def test_the_plan_names_hash_budget_scaling_and_threshold(two: dict[str, Any]) -> None:
    text = plan(two)
    for said in ("5f3a9c01", "50,000 env steps, compared at equal updates", "[0, 500]", "475"):
        assert said in text


def test_planned_contrasts_are_told_by_both_sides(two: dict[str, Any]) -> None:
    two["pairs"] = {"doubling": two["pairs"]["doubling - fixed-128"]}
    two["plan"]["contrasts"] = ["doubling", "lost"]
    assert "<li>doubling − fixed-128</li><li>lost</li>" in plan(two)


def test_notes_are_all_shown_or_there_are_none(two: dict[str, Any]) -> None:
    assert "Nothing to note" in notes(two)
    two["verdict"]["notes"] = ["seed 3 is missing"]
    assert "<li>seed 3 is missing</li>" in notes(two)
