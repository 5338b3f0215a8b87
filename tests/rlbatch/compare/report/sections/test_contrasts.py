from __future__ import annotations

import re
from typing import Any

from rlbatch.compare.report.sections.contrasts import contrasts


def rows(report: dict[str, Any]) -> list[list[str]]:
    found = re.findall(r"<tr class.*?</tr>", contrasts(report))
    return [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row) for row in found]


def test_a_row_has_the_difference_its_interval_and_its_tests(two: dict[str, Any]) -> None:
    entry = {"difference": 1.5, "ci": [-1.0, 4.0], "p": 0.25, "p_holm": 0.5, "n": 8, "effect": 0.5}
    two["pairs"]["doubling - fixed-128"]["auc"] |= entry
    name, measure, role, *rest = rows(two)[0]
    assert (name, measure, role) == ("doubling − fixed-128", "AUC ↑", "primary")
    assert rest[:6] == ["1.50", "[−1.00, 4.00]", "0.250", "0.500", "8", "0.500"]


def test_planned_measures_come_first_and_the_rest_is_folded(two: dict[str, Any]) -> None:
    text = contrasts(two)
    folded = text.index("<details")
    assert text.index("LRT ↓") < folded < text.index("SRT ↑")
    assert text.count('class="planned"') == 2


def test_identical_runs_are_called_so(report: dict[str, Any]) -> None:
    own = [row for row in rows(report) if row[0] == "twin − fixed-128"]
    assert own
    assert all(row[3] == "identical runs" for row in own)
    assert all(len(row) == 12 for row in rows(report))


def test_one_seed_has_a_difference_and_no_test(make_report: Any) -> None:
    first = rows(make_report(["a", "b"], ["e"], 1))[0]
    assert first[3] != "–"
    assert first[4:7] == ["–", "–", "–"]


def test_no_pairs_are_said_in_a_word(two: dict[str, Any]) -> None:
    assert ">None.<" in contrasts({**two, "pairs": {}})
