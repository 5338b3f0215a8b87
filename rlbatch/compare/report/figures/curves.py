"""Learning curves: IQM over seeds with its 95 % band, one panel per environment."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlbatch.compare.report.canvas import (
    budget_axis,
    legend,
    legend_height,
    numbers,
    panels,
    styled,
)
from rlbatch.compare.report.palette import looks
from rlbatch.compare.report.reading import Report


@styled
def learning_curves(report: Report) -> Figure:
    """Greedy return over the budget; the threshold of an environment is dotted."""
    names, envs = list(report["regimes"]), list(report["envs"])
    wide = len(envs) == 1
    figure, grid = panels(len(envs), 2, 3.6 if wide else 2.9, legend_height(names))
    for axes, env in zip(grid, envs, strict=False):
        for name in sorted(names, key=lambda name: name == report["plan"]["baseline"]):
            _curve(axes, report, name, env)
        _threshold(axes, report, env)
        budget_axis(axes, report)
        axes.set_title(env, loc="left")
        axes.margins(x=0.01)
    for axes in grid[::2]:
        axes.set_ylabel("return of the greedy policy")
    legend(figure, report, [name for name in names if report["regimes"][name]["curves"]])
    return figure


def _curve(axes: Axes, report: Report, name: str, env: str) -> None:
    curve = report["regimes"][name]["curves"].get(env)
    if not curve:
        return
    look, x = looks(report)[name], numbers(curve["x"])
    if curve.get("low") and curve.get("high"):
        faint = 0.16 if len(report["regimes"]) <= 4 else 0.07
        low, high = numbers(curve["low"]), numbers(curve["high"])
        axes.fill_between(x, low, high, color=look.color, alpha=faint, linewidth=0)
    axes.plot(x, numbers(curve["iqm"]), color=look.color, linestyle=look.line)


def _threshold(axes: Axes, report: Report, env: str) -> None:
    threshold = report["envs"][env].get("threshold")
    if threshold is not None:
        axes.axhline(threshold, color="#8a8a8a", linewidth=0.9, linestyle=":", zorder=1)
