from __future__ import annotations

from typing import Any

import pytest

from rlbatch.compare.report.figures import every_seed


@pytest.mark.parametrize(("count", "columns"), [(2, 2), (5, 5), (6, 3), (7, 4), (10, 5)])
def test_panels_are_spread_evenly_over_rows(make_report: Any, count: int, columns: int) -> None:
    found = make_report([f"r{i}" for i in range(count)], ["e"], 2)
    grid = every_seed(found).subfigs[0].axes
    spec = grid[0].get_subplotspec()
    assert spec is not None
    assert spec.get_gridspec().ncols == columns
    assert sum(axes.axison for axes in grid) == count


def test_the_lowest_panel_of_every_column_shows_the_budget(make_report: Any) -> None:
    found = make_report([f"r{i}" for i in range(7)], ["e"], 2)
    named = [axes.get_xlabel() for axes in every_seed(found).subfigs[0].axes]
    assert named == ["", "", "", "env steps", "env steps", "env steps", "env steps", ""]


def test_a_regime_that_failed_says_so_in_its_panel(report: dict[str, Any]) -> None:
    for block in every_seed(report).subfigs:
        words = [[text.get_text() for text in axes.texts] for axes in block.axes]
        assert words == [["no run"] if name == "failed" else [] for name in report["regimes"]]


def test_a_long_name_is_cut(make_report: Any) -> None:
    grid = every_seed(make_report(["a", "b" * 40], ["e"], 2)).subfigs[0].axes
    assert grid[1].get_title(loc="left") == "b" * 23 + "…"
