"""The end of the command: one row a regime, for a terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from rlbatch.compare.report.reading import (
    NONE,
    Report,
    against_baseline,
    arrow,
    endpoints,
    identical,
    interval,
    short,
    show,
    show_interval,
    value,
)
from rlbatch.compare.report.standing import standing

STYLES = {"better": "bold", "worse": "red", "void": "dim", "open": ""}
LEGEND = "▼ worse than the baseline; † steadier, but not shown to learn as much"
MARKS = {"better": "", "worse": " ▼", "void": " †", "open": ""}


def terminal_table(report: Report) -> Table:
    """Regimes with the planned measures and their paired differences; the marks are explained.

    The verdict's own words are not in it: they are printed in full, unbroken, by the caller.
    """
    grid = Table(caption=Text(LEGEND, style="dim"), caption_justify="left", box=box.SIMPLE_HEAD)
    measures = list(dict.fromkeys(("final_return", *endpoints(report))))
    planned = measures[1:]
    grid.add_column("regime", no_wrap=True)
    grid.add_column("n", justify="right")
    for measure in measures:
        grid.add_column(Text(f"{short(measure)} {arrow(measure)}"), justify="right")
    for measure in planned:
        grid.add_column(Text(f"{short(measure)} − baseline"), justify="right")
    for name, regime in report["regimes"].items():
        shown = (_value(report, name, measure) for measure in measures)
        apart = (_difference(report, name, measure) for measure in planned)
        grid.add_row(_named(report, name), str(regime["n"]), *shown, *apart)
    return grid


def _named(report: Report, name: str) -> Text:
    """Text, not a string: a name with brackets is no style."""
    status = report["regimes"][name]["status"]
    known = Text(name, style="bold" if name == report["plan"]["baseline"] else "")
    return known if status == "finished" else known.append(f" ({status})", style="red")


def _value(report: Report, name: str, measure: str) -> Text:
    regime, stands = report["regimes"][name], standing(report, name, measure)
    number, bounds = value(regime, measure), interval(regime, measure)
    text = Text(show(number, *(bounds or ()))[0] + MARKS[stands], style=STYLES[stands])
    return text.append(f"\n{show_interval(bounds, number)}", style="dim") if bounds else text


def _difference(report: Report, name: str, measure: str) -> Text:
    if name == report["plan"]["baseline"]:
        return Text("baseline", style="dim")
    found = against_baseline(report, name, measure)
    if found is None:
        return Text("identical" if identical(report, name) else NONE, style="dim")
    text = Text(show(*found)[0])
    if found.low is None or found.high is None:
        return text
    return text.append(f"\n{show_interval([found.low, found.high], found.difference)}", style="dim")
