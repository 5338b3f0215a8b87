"""Small multiples: one panel per regime, one block of panels per environment."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlbatch.compare.report.canvas import WIDTH, budget_axis
from rlbatch.compare.report.palette import looks
from rlbatch.compare.report.reading import Report

COLUMNS = 5  # at most
LONGEST = 24  # letters of a title
DrawPanel = Callable[[Axes, Report, str, str], bool]  # of a regime and env; False: nothing there


def one_panel_per_regime(report: Report, y_name: str, draw: DrawPanel) -> Figure:
    """Panels of one environment share their axes; titles have the regimes' colours."""
    names, envs = list(report["regimes"]), list(report["envs"])
    rows = -(-len(names) // COLUMNS)
    columns = -(-len(names) // rows)
    size = WIDTH, len(envs) * (rows * 1.55 + 0.55) + 0.2
    figure = Figure(figsize=size, layout="constrained")
    blocks = figure.subfigures(len(envs), 1, squeeze=False)[:, 0]
    for block, env in zip(blocks, envs, strict=True):
        grid = block.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        block.suptitle(env, x=0.01, ha="left", fontsize=9.5)
        for row in grid:
            row[0].set_ylabel(y_name, fontsize=8)
        for axes, name in zip(grid.flat, names, strict=False):
            _panel(axes, report, name, draw(axes, report, name, env))
        _axes_below(report, list(grid.flat), len(names), columns)
    return figure


def _panel(axes: Axes, report: Report, name: str, drawn: bool) -> None:
    title = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    axes.set_title(title, color=looks(report)[name].color, fontsize=8.5, loc="left")
    axes.tick_params(labelsize=7.5)
    axes.margins(x=0.02)
    if not drawn:
        axes.text(0.5, 0.5, "no run", transform=axes.transAxes, ha="center", color="#6b6b6b")


def _axes_below(report: Report, grid: list[Axes], count: int, columns: int) -> None:
    """The budget below the lowest panel of each column; panels without a regime vanish."""
    for axes in grid[max(0, count - columns) : count]:
        budget_axis(axes, report)
        axes.xaxis.label.set_fontsize(8)
        axes.tick_params(labelbottom=True)
    for spare in grid[count:]:
        spare.set_axis_off()
