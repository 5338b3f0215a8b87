from __future__ import annotations

import re
from typing import Any

from rlbatch.compare.report.sections.stability import COLUMNS, named, stability


def cells(report: dict[str, Any], name: str) -> list[str]:
    """Of a regime, both tables: n, then measures; as HTML."""
    rows = re.findall(r"<tr>.*?</tr>", stability(report))
    own = [row for row in rows if f"</span>{name}<" in row]
    assert len(own) == 2
    return [cell for row in own for cell in re.findall(r"<td.*?</td>", row)]


def bold(report: dict[str, Any], auc: list[float], lrt: list[float]) -> str:
    """The cell of LRT where these are the paired intervals."""
    (pair,) = report["pairs"].values()
    pair["auc"] |= {"difference": 0.0, "ci": auc}
    pair["LRT"] |= {"difference": 0.0, "ci": lrt}
    return cells(report, "doubling")[1]


def test_bold_is_earned_by_steadiness_and_learning(two: dict[str, Any]) -> None:
    assert 'class="better"' in bold(two, [-1.0, 1.0], [-0.2, -0.1])
    assert 'class="open"' in bold(two, [-1.0, 1.0], [-0.2, 0.1])


def test_steady_without_learning_is_marked_and_not_bold(two: dict[str, Any]) -> None:
    cell = bold(two, [-20.0, 1.0], [-0.2, -0.1])
    assert 'class="void"' in cell
    assert "†" in cell


def test_worse_is_marked(two: dict[str, Any]) -> None:
    cell = bold(two, [-1.0, 1.0], [0.1, 0.2])
    assert 'class="worse"' in cell
    assert "▼" in cell


def test_a_value_that_does_not_exist_has_no_mark(two: dict[str, Any]) -> None:
    two["regimes"]["doubling"]["LRT"] = None
    assert bold(two, [-1.0, 1.0], [0.1, 0.2]) == "<td>–</td>"


def test_values_have_their_interval_in_small_print(two: dict[str, Any]) -> None:
    two["regimes"]["doubling"] |= {"LRT": 0.25, "ci": {"LRT": [0.125, 0.5]}}
    cell = cells(two, "doubling")[1]
    assert "0.250" in cell
    assert "<small>[0.125, 0.500]</small>" in cell


def test_every_measure_has_a_column(two: dict[str, Any]) -> None:
    assert len(cells(two, "doubling")) == len(COLUMNS) + 2 * 2  # n and divergences twice


def test_a_regime_is_named_with_what_one_must_know(report: dict[str, Any]) -> None:
    assert ">baseline<" in named(report, "fixed-128")
    assert ">failed<" in named(report, "failed")
    assert "badge" not in named(report, "doubling")
