"""The batch size over the budget: what each regime really used."""

from __future__ import annotations

import warnings

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from rlbatch.compare.report.canvas import (
    budget_axis,
    legend,
    legend_height,
    numbers,
    panels,
    styled,
)
from rlbatch.compare.report.figures.multiples import one_panel_per_regime
from rlbatch.compare.report.palette import looks
from rlbatch.compare.report.reading import Report

OVERLAID = 4  # regimes; more of them have a panel each


@styled
def batch_sizes(report: Report) -> Figure:
    """Rows per update on a log₂ axis: the median over seeds thick, each seed thin."""
    if len(report["regimes"]) > OVERLAID:
        figure = one_panel_per_regime(report, "rows", _trajectory)
        for block in figure.subfigs:
            _powers_of_two([axes for axes in block.axes if axes.axison])
        return figure
    return _overlaid(report)


def _overlaid(report: Report) -> Figure:
    names, envs = list(report["regimes"]), list(report["envs"])
    figure, grid = panels(len(envs), 2, 2.8, legend_height(names))
    for axes, env in zip(grid, envs, strict=False):
        for name in names:
            _trajectory(axes, report, name, env)
        _powers_of_two([axes])
        budget_axis(axes, report)
        axes.set_title(env, loc="left")
        axes.margins(x=0.01)
    for axes in grid[::2]:
        axes.set_ylabel("batch size (rows)")
    legend(figure, report, names)
    return figure


def used(sizes: dict[str, list[float | None]]) -> np.ndarray:
    """[seeds, T] float64, rows; NaN before the first update."""
    table = np.array([numbers(row) for row in sizes.values()])
    return np.where(table > 0.0, table, np.nan)


def median_over_seeds(table: np.ndarray) -> np.ndarray:
    """[T] float64 of [seeds, T], NaN where no seed has a number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a moment before all first updates
        return np.asarray(np.nanmedian(table, axis=0))


def _trajectory(axes: Axes, report: Report, name: str, env: str) -> bool:
    found = report["regimes"][name]["batch_size"].get(env)
    if not found or not found["rows"]:
        return False
    look, x, table = looks(report)[name], numbers(found["x"]), used(found["rows"])
    line = look.line if len(report["regimes"]) <= OVERLAID else "-"
    same = bool(np.all((table == table[0]) | np.isnan(table)))
    for row in () if same else table:
        axes.plot(x, row, color=look.color, linewidth=0.5, alpha=0.4, drawstyle="steps-post")
    middle = median_over_seeds(table)
    axes.plot(x, middle, color=look.color, linestyle=line, drawstyle="steps-post")
    return True


def _powers_of_two(grid: list[Axes]) -> None:
    """32, 64, 128 … on axes that share them, and room around a size that never moves."""
    limits = np.array([axes.dataLim.intervaly for axes in grid])
    limits = limits[np.isfinite(limits).all(axis=1)]
    for axes in grid:
        axes.set_yscale("log", base=2)
        if len(limits):
            axes.set_ylim(limits[:, 0].min() / 1.6, limits[:, 1].max() * 1.6)
        axes.yaxis.set_major_locator(LogLocator(base=2, numticks=8))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
