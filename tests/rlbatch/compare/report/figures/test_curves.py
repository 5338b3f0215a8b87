from __future__ import annotations

from typing import Any

import numpy as np

from rlbatch.compare.report.figures import learning_curves
from rlbatch.compare.report.palette import looks


def test_one_panel_an_environment_with_a_line_and_a_band_a_regime(two: dict[str, Any]) -> None:
    (axes,) = learning_curves(two).axes
    curve = two["regimes"]["doubling"]["curves"]["CartPole-v1"]
    (line,) = [line for line in axes.lines if line.get_color() == looks(two)["doubling"].color]
    np.testing.assert_array_equal(np.asarray(line.get_ydata()), curve["iqm"])
    assert len(axes.collections) == 2


def test_one_seed_has_no_band(make_report: Any) -> None:
    (axes,) = learning_curves(make_report(["a", "b"], ["e"], 1)).axes
    assert not axes.collections


def test_a_failed_regime_is_not_in_the_legend(report: dict[str, Any]) -> None:
    figure = learning_curves(report)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == [name for name in report["regimes"] if name != "failed"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["CartPole-v1", "Acrobot-v1"]


def test_the_threshold_is_drawn_where_there_is_one(report: dict[str, Any]) -> None:
    known, unknown = learning_curves(report).axes
    assert [list(np.asarray(line.get_ydata())) for line in known.lines].count([475.0, 475.0]) == 1
    assert all(len(np.asarray(line.get_ydata())) > 2 for line in unknown.lines)


def test_curves_alone_are_enough_to_draw_them(two: dict[str, Any]) -> None:
    regimes = {name: {"curves": regime["curves"]} for name, regime in two["regimes"].items()}
    told = {"plan": {"baseline": "doubling"}, "budget": {"axis": "wall_s"}, "regimes": regimes}
    (axes,) = learning_curves({**told, "envs": {"CartPole-v1": {}}}).axes
    assert axes.get_xlabel() == "wall time (s)"
    assert len(axes.lines) == 2
