from __future__ import annotations

from typing import Any

import numpy as np

from rlbatch.compare.report.figures import profiles


def test_each_regime_that_has_a_profile_is_a_line_with_a_band(report: dict[str, Any]) -> None:
    (axes,) = profiles(report).axes
    found = report["profiles"]["regimes"]
    assert [list(np.asarray(line.get_ydata())) for line in axes.lines] == [
        p["value"] for p in found.values()
    ]
    assert len(axes.collections) == len(found) == 5


def test_one_seed_has_no_band(make_report: Any) -> None:
    (axes,) = profiles(make_report(["a", "b"], ["e"], 1)).axes
    assert len(axes.lines) == 2
    assert not axes.collections
