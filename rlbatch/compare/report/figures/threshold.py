"""Time to threshold, with the runs that never got there in sight."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from rlbatch.compare.report.canvas import AXIS, WIDTH, brief, styled
from rlbatch.compare.report.figures.whiskers import OPEN, note
from rlbatch.compare.report.palette import looks
from rlbatch.compare.report.reading import Report


@styled
def time_to_threshold(report: Report) -> Figure:
    """Env steps of each run to its environment's threshold; a bar at the median run."""
    names = list(report["regimes"])
    envs = [env for env, about in report["envs"].items() if about.get("threshold") is not None]
    size = WIDTH, 1.1 + 0.3 * len(names)
    figure = Figure(figsize=size, layout="constrained")
    if not envs:
        figure.text(0.5, 0.5, "no environment has a threshold", ha="center", color="#6b6b6b")
        return figure
    grid = figure.subplots(1, len(envs), sharey=True, squeeze=False)[0]
    for axes, env in zip(grid, envs, strict=True):
        _panel(axes, report, env)
    grid[0].set_yticks(range(len(names)), names)
    grid[0].set_ylim(len(names) - 0.4, -0.6)
    return figure


def _panel(axes: Axes, report: Report, env: str) -> None:
    times = {name: _times(regime, env) for name, regime in report["regimes"].items()}
    reached = np.concatenate([*times.values(), np.zeros(0)])
    wall = float(np.nanmax(reached, initial=1.0)) * 1.1  # where runs without a time are put
    for y, (name, found) in enumerate(times.items()):
        _row(axes, y, found, wall, looks(report)[name].color)
    axes.axvline(wall * 0.955, color="#8a8a8a", linewidth=0.8, linestyle="--", zorder=1)
    axes.set_xlim(0.0, wall * 1.13)
    ticks = [tick for tick in axes.get_xticks() if tick < wall * 0.95]
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: brief(number)))
    at = axes.get_xaxis_transform()
    axes.text(wall, 1.02, "never", transform=at, color=OPEN, size=7.5, ha="center")
    axes.set_title(f"{env}, threshold {report['envs'][env]['threshold']:g}", loc="left")
    axes.set_xlabel(AXIS["env_steps"])
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)


def _times(regime: Report, env: str) -> np.ndarray:
    """[seeds] float64, env steps; NaN where the run never got there."""
    rows = [run for run in regime["per_seed"] if run["env"] == env]
    return np.array([run.get("time_to_threshold") for run in rows], dtype=np.float64)


def _row(axes: Axes, y: int, found: np.ndarray, wall: float, color: str) -> None:
    """Dots for runs that got there, hollow triangles with their number for runs that did not."""
    late = int(np.isnan(found).sum())
    spread = y + 0.22 * np.linspace(-1.0, 1.0, len(found)) * (len(found) > 1)
    axes.plot(found, spread, "o", color=color, markersize=4, alpha=0.75, markeredgewidth=0)
    order = np.sort(np.where(np.isnan(found), np.inf, found))
    middle = order[(len(order) - 1) // 2] if len(order) else np.inf
    if np.isfinite(middle):
        axes.vlines(middle, y - 0.36, y + 0.36, color=color, linewidth=2.0)
    if late:
        axes.plot([wall], [y], ">", color=color, markerfacecolor="white", markersize=6)
        note(axes, f"{late} of {len(found)}", (wall, y), 7)
    elif not len(found):
        note(axes, "no run", (wall, y), -4)
