from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from rlbatch.compare.report import terminal_table


def shown(report: dict[str, Any], width: int = 120) -> str:
    console = Console(width=width, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as capture:
        console.print(terminal_table(report))
    return capture.get()


def test_the_verdict_is_left_to_the_caller_and_the_marks_are_explained(
    two: dict[str, Any],
) -> None:
    text = shown(two)
    assert "No difference is shown." not in text
    assert "not shown to learn as much" in text


@pytest.mark.parametrize("kind", ["two", "ten", "report"])
def test_every_regime_has_a_row(request: pytest.FixtureRequest, kind: str) -> None:
    found = request.getfixturevalue(kind)
    text = shown(found, 200)
    assert [name for name in found["regimes"] if name not in text] == []


def test_a_name_in_brackets_is_no_style(make_report: Any) -> None:
    assert "[red]b[/red]" in shown(make_report(["a", "[red]b[/red]"], ["e"], 2))


def test_differences_from_the_baseline_have_their_interval(two: dict[str, Any]) -> None:
    (pair,) = two["pairs"].values()
    pair["auc"] |= {"difference": -7.25, "ci": [-9.5, 2.0]}
    text = shown(two)
    assert "−7.25" in text
    assert "[−9.50, 2.00]" in text


def test_failed_and_identical_regimes_say_so(report: dict[str, Any]) -> None:
    rows = {line.split()[0]: line for line in shown(report, 200).splitlines() if line.split()}
    assert "(failed)" in rows["failed"]
    assert rows["twin"].count("identical") == 2


def test_worse_is_marked(two: dict[str, Any]) -> None:
    (pair,) = two["pairs"].values()
    pair["auc"] |= {"difference": -7.0, "ci": [-9.0, -2.0]}
    pair["LRT"] |= {"difference": -1.0, "ci": [-2.0, -0.5]}
    two["plan"]["margin"] = 5.0
    row = next(line for line in shown(two).splitlines() if "doubling" in line)
    assert "▼" in row
    assert "†" in row  # steadier, but it learns less
