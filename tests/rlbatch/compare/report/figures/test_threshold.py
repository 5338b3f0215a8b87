from __future__ import annotations

from typing import Any

import numpy as np

from rlbatch.compare.report.figures import time_to_threshold


def times(two: dict[str, Any], *found: float | None) -> dict[str, Any]:
    """The report in which the runs of doubling took these."""
    runs = two["regimes"]["doubling"]["per_seed"]
    for run, time in zip(runs, found, strict=True):
        run["time_to_threshold"] = time
    return two


def test_runs_that_never_got_there_are_counted_at_the_edge(make_report: Any) -> None:
    found = times(make_report(["a", "doubling"], ["e"], 3), 100.0, None, None)
    (axes,) = time_to_threshold(found).axes
    assert "2 of 3" in [text.get_text() for text in axes.texts]
    triangles = [line for line in axes.lines if line.get_marker() == ">"]
    dots = [np.asarray(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"]
    edge = min(np.asarray(line.get_xdata())[0] for line in triangles)
    assert np.nanmax(np.concatenate(dots)) < edge
    assert 100.0 in np.concatenate(dots)


def test_a_regime_whose_median_run_never_got_there_has_no_bar(make_report: Any) -> None:
    found = make_report(["a", "doubling"], ["e"], 3)
    most = time_to_threshold(times(found, 1.0, 2.0, None)).axes[0].collections
    bars = len(most)
    few = time_to_threshold(times(found, 1.0, None, None)).axes[0].collections
    assert len(few) == bars - 1


def test_nobody_got_there_and_nobody_ran(report: dict[str, Any]) -> None:
    for regime in report["regimes"].values():
        for run in regime["per_seed"]:
            run["time_to_threshold"] = None
    (axes,) = time_to_threshold(report).axes
    words = [text.get_text() for text in axes.texts]
    assert words.count("5 of 5") == 5
    assert words.count("no run") == 1


def test_without_a_threshold_the_figure_says_so(two: dict[str, Any]) -> None:
    two["envs"]["CartPole-v1"]["threshold"] = None
    figure = time_to_threshold(two)
    assert not figure.axes
    assert figure.texts[0].get_text() == "no environment has a threshold"
