from __future__ import annotations

from typing import Any

import numpy as np

from rlbatch.compare.report.figures import improvement


def test_each_contrast_has_its_probability_and_interval(two: dict[str, Any]) -> None:
    (axes,) = improvement(two).axes
    (dot,) = [line for line in axes.lines if line.get_marker() == "o"]
    assert list(np.asarray(dot.get_xdata())) == [0.66]
    (whisker,) = axes.collections
    assert whisker.get_datalim(axes.transData).intervalx.tolist() == [0.45, 0.83]


def test_a_contrast_without_one_keeps_its_row(make_report: Any) -> None:
    (axes,) = improvement(make_report(["a", "b"], ["e"], 1)).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b − a"]
    assert len(axes.lines) == 1  # one half
