"""Every seed of every regime, so that no average hides a collapse."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlbatch.compare.report.canvas import numbers, styled
from rlbatch.compare.report.figures.multiples import one_panel_per_regime
from rlbatch.compare.report.palette import BASELINE, looks
from rlbatch.compare.report.reading import Report


@styled
def every_seed(report: Report) -> Figure:
    """Return of the greedy policy: seeds thin, their IQM thick, the baseline's IQM dotted."""
    return one_panel_per_regime(report, "return", _panel)


def _panel(axes: Axes, report: Report, name: str, env: str) -> bool:
    curve = report["regimes"][name]["curves"].get(env)
    if not curve:
        return False
    baseline = report["plan"]["baseline"]
    other = report["regimes"].get(baseline, {}).get("curves", {}).get(env)
    if other and name != baseline:
        x = numbers(other["x"])
        axes.plot(x, numbers(other["iqm"]), color=BASELINE, linewidth=0.9, linestyle=":")
    color, x = looks(report)[name].color, numbers(curve["x"])
    for seed in curve["seeds"].values():
        axes.plot(x[: len(seed)], numbers(seed), color=color, linewidth=0.6, alpha=0.45)
    axes.plot(x, numbers(curve["iqm"]), color=color, linewidth=2.0)
    return True
