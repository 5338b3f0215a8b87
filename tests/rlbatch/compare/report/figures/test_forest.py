from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rlbatch.compare.report.figures import forest


def dots(axes: Axes) -> list[tuple[float, object]]:
    """Of each whisker: where it is, and whether it is filled."""
    found = [line for line in axes.lines if line.get_marker() in ("o", "D")]
    return [(float(np.asarray(line.get_xdata())[0]), line.get_marker()) for line in found]


def test_one_panel_a_planned_measure_with_a_row_a_contrast(ten: dict[str, Any]) -> None:
    auc, lrt = forest(ten).axes
    pairs = list(ten["pairs"].values())
    assert [x for x, _ in dots(auc)] == [pair["auc"]["difference"] for pair in pairs]
    assert [x for x, _ in dots(lrt)] == [pair["LRT"]["difference"] for pair in pairs]
    assert [label.get_text() for label in auc.get_yticklabels()] == [
        f"{name} − fixed-32" for name in ten["regimes"] if name != "fixed-32"
    ]


def test_planned_contrasts_are_marked_apart(ten: dict[str, Any]) -> None:
    axes = forest(ten).axes[0]
    assert [marker for _, marker in dots(axes)] == ["o"] + ["D"] * 8
    weights = [label.get_fontweight() for label in axes.get_yticklabels()]
    assert weights == ["bold"] + ["normal"] * 8


def rules(axes: Axes) -> list[float]:
    """Where the vertical lines stand."""
    found = [np.asarray(line.get_xdata()) for line in axes.lines]
    return [float(x[0]) for x in found if len(x) == 2]


def test_zero_and_the_margin_are_drawn(two: dict[str, Any]) -> None:
    auc, lrt = forest(two).axes
    assert rules(auc) == [0.0, -10.0]
    assert rules(lrt) == [0.0]


def test_better_points_left_for_a_risk(two: dict[str, Any]) -> None:
    auc, lrt = (axes.get_xlabel() for axes in forest(two).axes)
    assert auc.endswith("better →")
    assert lrt.endswith("← better")


def test_identical_runs_say_so_and_have_no_dot(report: dict[str, Any]) -> None:
    axes = forest(report).axes[0]
    assert "identical" in [text.get_text() for text in axes.texts]
    assert len(dots(axes)) == len(report["pairs"]) - 1


def test_one_seed_has_dots_without_whiskers(make_report: Any) -> None:
    axes = forest(make_report(["a", "b"], ["e"], 1)).axes[0]
    assert len(dots(axes)) == 1
    assert not axes.collections
