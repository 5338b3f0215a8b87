"""The stability table: regimes down, measures across, bold only where it is earned."""

from __future__ import annotations

from rlbatch.compare.measures import MEASURES
from rlbatch.compare.report.markup import Markup, join, section, tag
from rlbatch.compare.report.palette import looks
from rlbatch.compare.report.reading import (
    Report,
    arrow,
    interval,
    label,
    short,
    show,
    show_interval,
    value,
)
from rlbatch.compare.report.standing import Standing, standing

COLUMNS = [measure for measure in MEASURES if measure != "time_to_threshold"]
MARKS: dict[Standing, str] = {"better": "", "worse": " ▼", "void": " †", "open": ""}
CAPTION = "Over seeds; small print: 95 % intervals. ↑ higher is better, ↓ lower is better."
LEGEND = (
    "Bold: the paired 95 % interval against the baseline excludes zero on the better side; "
    "a stability measure is bold only where the regime also learns as much as the baseline "
    "(its area under the curve is non-inferior at the planned margin). "
    "▼: the interval excludes zero on the worse side. "
    "†: looks steadier, but is not shown to learn as much, so it does not count. "
    "Neither bold nor a mark is a test: the intervals are not adjusted for their number, "
    "and only planned contrasts in the planned measures carry a verdict."
)


def stability(report: Report) -> Markup:
    """Stability, and beside it performance: one means nothing without the other."""
    units = ", ".join(f"{short(name)}: {MEASURES[name].unit}" for name in COLUMNS)
    return section(
        "stability",
        "Stability",
        tag("p", CAPTION, class_="soft"),
        _table(report, "stability", "Stability measures."),
        _table(report, "performance", "Performance, without which steadiness means nothing."),
        tag("p", LEGEND, class_="soft"),
        tag("p", f"Units: {units}.", class_="soft"),
    )


def _table(report: Report, about: str, caption: str) -> Markup:
    columns = [measure for measure in COLUMNS if MEASURES[measure].about == about]
    head = ["regime", "n", *(_head(measure) for measure in columns), "diverged"]
    grid = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in head))),
        tag("tbody", *(_row(report, name, columns) for name in report["regimes"])),
    )
    return tag("div", grid, class_="scroll", tabindex="0")


def named(report: Report, name: str) -> Markup:
    """A regime's name with its colour, and what a reader must know of it."""
    badges: list[object] = []
    status = report["regimes"][name]["status"]
    if name == report["plan"]["baseline"]:
        badges.append(tag("span", "baseline", class_="badge"))
    if status != "finished":
        badges.append(tag("span", status, class_="badge bad"))
    color = tag("span", "", class_="swatch", style=f"background:{looks(report)[name].color}")
    return join((color, name, *badges))


def _head(measure: str) -> Markup:
    return tag("span", f"{short(measure)} {arrow(measure)}", title=label(measure))


def _row(report: Report, name: str, columns: list[str]) -> Markup:
    regime = report["regimes"][name]
    cells = [_cell(report, name, measure) for measure in columns]
    return tag(
        "tr",
        tag("th", named(report, name), scope="row"),
        tag("td", regime["n"]),
        *cells,
        tag("td", regime["divergences"]),
    )


def _cell(report: Report, name: str, measure: str) -> Markup:
    regime, stands = report["regimes"][name], standing(report, name, measure)
    number, bounds = value(regime, measure), interval(regime, measure)
    written = show(number, *(bounds or ()))[0]
    small = tag("small", show_interval(bounds, number)) if bounds else ""
    if number is None:
        return tag("td", written)
    mark = tag("span", MARKS[stands], class_="mark") if MARKS[stands] else ""
    return tag("td", written, mark, small, class_=stands)
