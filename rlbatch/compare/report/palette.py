"""One look per regime, the same in every figure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from rlbatch.compare.report.reading import Report

BASELINE = "#1a1a1a"
COLORS = (  # told apart in all common forms of colour blindness, after Okabe and Ito, and Tol
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
    "#882255",
    "#999933",
    "#5b4bb5",
)
Line = Literal["-"] | tuple[float, tuple[float, ...]]  # solid, or on and off in points
LINES: tuple[Line, ...] = (
    "-",
    (0, (5.0, 1.4)),
    (0, (3.0, 1.0, 1.0, 1.0)),
    (0, (1.0, 1.0)),
)


class Look(NamedTuple):
    """How a regime is drawn."""

    color: str
    line: Line


def looks(report: Report) -> dict[str, Look]:
    """Baseline black and solid, the others by their order: colours first, then dashes too."""
    baseline = report["plan"]["baseline"]
    found = {baseline: Look(BASELINE, "-")}
    others = [name for name in report["regimes"] if name != baseline]
    for place, name in enumerate(others):
        found[name] = Look(COLORS[place % len(COLORS)], LINES[place // 3 % len(LINES)])
    return found
