"""Forest plot: paired differences of every contrast in the planned measures."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlbatch.compare.measures import MEASURES
from rlbatch.compare.report.canvas import WIDTH, styled
from rlbatch.compare.report.figures.whiskers import key, note, rows, whisker
from rlbatch.compare.report.palette import looks
from rlbatch.compare.report.reading import Report, contrast, endpoints, label, short


@styled
def forest(report: Report) -> Figure:
    """Treatment minus control on the same seeds, one panel per planned measure."""
    pairs, measures = report["pairs"], endpoints(report)
    figure = Figure(figsize=(WIDTH, 1.65 + 0.27 * max(len(pairs), 1)), layout="constrained")
    grid = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for axes, measure in zip(grid, measures, strict=True):
        _panel(axes, report, measure)
    rows(
        grid[0],
        [contrast(pair) for pair in pairs.values()],
        [_planned(pair, measures[0]) for pair in pairs.values()],
    )
    key(grid[0])
    return figure


def _planned(pair: Report, measure: str) -> bool:
    role = (pair.get(measure) or {}).get("role") or pair["role"]
    return bool(role == "primary")


def _panel(axes: Axes, report: Report, measure: str) -> None:
    look = looks(report)
    axes.axvline(0.0, color="#1a1a1a", linewidth=0.9, zorder=1)
    for y, pair in enumerate(report["pairs"].values()):
        entry = pair.get(measure) or {}
        if pair.get("identical"):
            note(axes, "identical", (0.0, y), 6)
        elif entry.get("difference") is not None:
            color = look[pair["treatment"]].color
            planned = _planned(pair, measure)
            whisker(axes, y, entry["difference"], entry.get("ci"), color, planned)
    _direction(axes, measure)
    margin = report["plan"].get("margin")
    if measure == "auc" and margin is not None:
        axes.axvline(-margin, color="#8a8a8a", linewidth=0.9, linestyle=":", zorder=1)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)


def _direction(axes: Axes, measure: str) -> None:
    """Title and unit, and an arrow towards the better side."""
    known = MEASURES.get(measure)
    axes.set_title(f"difference in {label(measure)}", loc="left")
    unit = known.unit if known else short(measure)
    right = known is None or known.better == "higher"
    axes.set_xlabel(f"{unit}\n{'better →' if right else '← better'}")
