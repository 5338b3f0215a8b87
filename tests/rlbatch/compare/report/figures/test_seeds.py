from __future__ import annotations

from typing import Any

import numpy as np

from rlbatch.compare.report.figures import every_seed


def test_every_seed_is_thin_the_mean_thick_and_the_baseline_dotted(two: dict[str, Any]) -> None:
    base, other = every_seed(two).subfigs[0].axes
    assert [line.get_linewidth() for line in base.lines] == [0.6] * 8 + [2.0]
    assert [line.get_linewidth() for line in other.lines] == [0.9] + [0.6] * 8 + [2.0]
    assert other.lines[0].get_linestyle() == ":"
    curve = two["regimes"]["doubling"]["curves"]["CartPole-v1"]
    drawn = [list(np.asarray(line.get_ydata())) for line in other.lines[1:]]
    assert drawn == [*curve["seeds"].values(), curve["iqm"]]


def test_a_seed_cut_short_is_drawn_as_far_as_it_goes(two: dict[str, Any]) -> None:
    curve = two["regimes"]["fixed-128"]["curves"]["CartPole-v1"]
    curve["seeds"]["0"] = curve["seeds"]["0"][:40]
    assert len(np.asarray(every_seed(two).subfigs[0].axes[0].lines[0].get_xdata())) == 40
