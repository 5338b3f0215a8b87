"""One picture: speed against B with its knee, progress against B with B_crit and noise scale."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from rlbatch.probe.findings import Findings

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#8a8a8a"


def draw(told: Findings, path: Path) -> None:
    """Writes a PNG."""
    figure = Figure(figsize=(8.0, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    speed, progress = figure.subplots(1, 2)
    _speed(speed, told)
    _progress(progress, told)
    for axes in (speed, progress):
        axes.legend(frameon=False, fontsize=8)
    figure.suptitle(f"{told.name}: {told.warm.lanes} lanes at {told.warm.env_steps:,} env steps")
    figure.savefig(path, dpi=120)


def _speed(axes: Axes, told: Findings) -> None:
    sizes = [pace.rows for pace in told.paces]
    best = max(pace.rows_per_s for pace in told.paces)
    axes.plot(sizes, [pace.rows_per_s for pace in told.paces], "o-", color=BLUE, markersize=3)
    axes.axhline(told.settings.knee * best, color=GREY, linewidth=0.8, linestyle=":")
    axes.axvline(told.knee, color=ORANGE, label=f"knee {told.knee:,}")
    axes.set_title("throughput")
    axes.set_ylabel("rows/s, all lanes")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number / 1e3:,.0f}k"))
    axes.set_ylim(bottom=0.0)
    _rows_axis(axes, sizes)


def _progress(axes: Axes, told: Findings) -> None:
    branches = sorted(told.branches, key=lambda one: one.size)
    sizes = [one.size for one in branches]
    lanes = np.stack([one.progress for one in branches])  # [S, L]
    axes.plot(sizes, lanes, color=GREY, linewidth=0.5, alpha=0.6)
    axes.plot(sizes, lanes.mean(1), "o-", color=BLUE, markersize=3, label="mean of lanes")
    least = (1.0 - told.settings.tolerance) * lanes.mean(1).max()
    axes.axhline(least, color=GREY, linewidth=0.8, linestyle=":")
    shown = sizes
    if told.critical.size is not None:
        axes.axvline(told.critical.size, color=ORANGE, label=f"B_crit {told.critical.size:,}")
    if math.isfinite(told.noise.scale) and told.noise.scale > 0.0:
        name = f"noise scale {told.noise.scale:,.0f}"
        axes.axvline(told.noise.scale, color=GREEN, linestyle="--", label=name)
        shown = [*sizes, int(told.noise.scale)]
    axes.set_title(f"TD loss gone after {told.branch_rows:,} rows a lane")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    _rows_axis(axes, shown)


def _rows_axis(axes: Axes, sizes: list[int]) -> None:
    axes.set_xscale("log", base=2)
    low, high = (math.log2(max(1, end(sizes))) for end in (min, max))
    axes.set_xticks([2.0**k for k in range(math.floor(low), math.ceil(high) + 1, 2)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:g}"))
    axes.set_xlabel("B (rows)")
    axes.grid(color="#e6e6e6", linewidth=0.6)
