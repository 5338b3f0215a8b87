"""Rows of a dot and its interval, which forest plots are made of."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

OPEN = "#6b6b6b"  # of labels of what was not planned


def whisker(
    axes: Axes, y: int, value: float, bounds: Sequence[float] | None, color: str, planned: bool
) -> None:
    """A filled dot and a thick line where planned, a hollow dot and a thin line where not."""
    if bounds is not None:
        low, high = bounds
        axes.hlines(y, low, high, color=color, linewidth=2.2 if planned else 1.1)
    face = color if planned else "white"
    marker = "o" if planned else "D"
    axes.plot([value], [y], marker, color=color, markerfacecolor=face, markersize=6, zorder=3)


def rows(axes: Axes, names: Sequence[str], planned: Sequence[bool]) -> None:
    """One named row each, the first on top; planned ones in bold."""
    axes.set_yticks(range(len(names)), names)
    for text, bold in zip(axes.get_yticklabels(), planned, strict=True):
        text.set_color("#1a1a1a" if bold else OPEN)
        text.set_fontweight("bold" if bold else "normal")
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="y", length=0)


def key(axes: Axes) -> None:
    """Says what filled and hollow mean, above the rows."""
    words = "● planned (primary) · ◇ exploratory · lines: 95 % intervals"
    axes.annotate(words, (0, 1), (0, 22), "axes fraction", "offset points", color=OPEN, size=8)


def note(axes: Axes, words: str, at: tuple[float, float], right: float) -> None:
    """Small words beside a place in the data, `right` points away."""
    axes.annotate(
        words, at, (right, 0), textcoords="offset points", color=OPEN, size=7.5, va="center"
    )
