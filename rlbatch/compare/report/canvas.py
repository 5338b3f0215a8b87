"""The paper that figures are drawn on: style, panels, legend, and bytes that repeat."""

from __future__ import annotations

import functools
import io
import re
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from rlbatch.compare.report.palette import looks
from rlbatch.compare.report.reading import Report

WIDTH = 8.0  # inches
STYLE = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#6b6b6b",
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.color": "#4a4a4a",
    "ytick.color": "#4a4a4a",
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may hold a $
}
AXIS = {
    "env_steps": "env steps",
    "updates": "updates",
    "samples": "rows sampled",
    "wall_s": "wall time (s)",
}
Draw = Callable[[Report], Figure]


def styled(draw: Draw) -> Draw:
    """Draws in the house's style, whatever the reader's own settings are."""

    @functools.wraps(draw)
    def inside(report: Report) -> Figure:
        with style.context(["default", STYLE]):
            return draw(report)

    return inside


def panels(
    count: int, columns: int, height: float, below: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels; `height` of one row and `below` for a legend, in inches."""
    columns = max(1, min(columns, count))
    rows = max(1, -(-count // columns))
    figure = Figure(figsize=(WIDTH, rows * height + below), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    found = [axes for row in grid for axes in row]
    for spare in found[count:]:
        spare.set_axis_off()
    return figure, found[: max(1, count)]


def legend(figure: Figure, report: Report, names: Sequence[str]) -> None:
    """All regimes below the panels, where no data are covered."""
    look = looks(report)
    handles = [
        Line2D([], [], color=look[name].color, linestyle=look[name].line, linewidth=2)
        for name in names
    ]
    written = figure.legend(
        handles,
        ["-"] * len(names),
        loc="outside lower center",
        ncols=legend_columns(names),
        handlelength=2.6,
    )
    for text, name in zip(written.get_texts(), names, strict=True):
        text.set_text(name)  # a label that begins with _ would be left out


def legend_columns(names: Sequence[str]) -> int:
    """As many as fit side by side."""
    widest = max((len(name) for name in names), default=1)
    return max(1, min(len(names), 5, 100 // (widest + 7)))


def legend_height(names: Sequence[str]) -> float:
    """Inches."""
    return 0.1 + 0.19 * -(-len(names) // legend_columns(names))


def numbers(values: Sequence[float | None]) -> np.ndarray:
    """float64, NaN where there is none, which is not drawn."""
    return np.array(values, dtype=np.float64)


def budget_axis(axes: Axes, report: Report) -> None:
    """Names the x axis and writes 50k for 50,000."""
    axis = report["budget"]["axis"]
    axes.set_xlabel(AXIS.get(axis, axis))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda number, _: brief(number)))


def brief(number: float) -> str:
    """50000 → 50k."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            return f"{number / size:g}{unit}"
    return f"{number:g}"


def png(figure: Figure, dpi: int = 160) -> bytes:
    """The same bytes for the same figure."""
    buffer = io.BytesIO()
    with style.context(["default", STYLE]):
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def pdf(figure: Figure) -> bytes:
    """The same bytes for the same figure."""
    buffer = io.BytesIO()
    nothing = dict.fromkeys(("Creator", "Producer", "CreationDate"))
    with style.context(["default", STYLE]):
        figure.savefig(buffer, format="pdf", metadata=nothing)
    return buffer.getvalue()


def svg(figure: Figure, name: str) -> str:
    """The same text for the same figure; ids begin with `name`, so that two may share a page."""
    name = re.sub(r"[^\w-]", "-", name)
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with style.context(["default", STYLE, {"svg.hashsalt": name}]):
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = re.sub(r' id="([^"]+)"', rf' id="{name}-\g<1>"', text)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", text)
