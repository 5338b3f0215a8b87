"""Time to threshold: on every axis, with the runs that never got there counted."""

from __future__ import annotations

from rlbatch.compare.report.canvas import AXIS
from rlbatch.compare.report.markup import Markup, join, section, table, tag
from rlbatch.compare.report.reading import NONE, Report, show_one
from rlbatch.compare.report.sections.drawn import drawn
from rlbatch.compare.report.sections.stability import named

CAPTION = (
    "Restricted mean time to the threshold: a run that never got there counts as the budget. "
    "Small print: runs that got there."
)
FIGURE = (
    "Time to threshold of every run. Dots: runs that got there; triangles: how many never did; "
    "bars: the median run, where it got there."
)


def times(report: Report) -> Markup:
    """A table over all axes and a figure in env steps."""
    if all(about.get("threshold") is None for about in report["envs"].values()):
        body: Markup = tag("p", "No environment of this comparison has a threshold.")
    else:
        body = join((_table(report), drawn(report, "time_to_threshold", FIGURE)))
    return section("times", "Time to threshold", body)


def _table(report: Report) -> Markup:
    regimes = report["regimes"]
    found = {axis for regime in regimes.values() for axis in regime["time_to_threshold"] or ()}
    axes = [axis for axis in AXIS if axis in found]
    rows = [
        [
            named(report, name),
            *(_cell((regime["time_to_threshold"] or {}).get(axis)) for axis in axes),
        ]
        for name, regime in regimes.items()
    ]
    head = ["regime", *(AXIS[axis] for axis in axes)]
    return table(head, rows, CAPTION)


def _cell(entry: Report | None) -> object:
    if not entry:
        return NONE
    reached = tag("small", f"{entry['reached']} of {entry['of']}")
    return join((show_one(entry["restricted_mean"]), reached))
