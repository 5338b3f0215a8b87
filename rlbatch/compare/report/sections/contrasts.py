"""The contrasts table: every paired difference with its interval and tests."""

from __future__ import annotations

from collections.abc import Iterator

from rlbatch.compare.report.markup import Markup, fold, join, section, tag
from rlbatch.compare.report.reading import (
    NONE,
    Report,
    arrow,
    contrast,
    measures_of,
    short,
    show,
    show_interval,
    show_one,
    show_p,
)
from rlbatch.compare.report.sections.drawn import drawn

HEAD = ("contrast", "measure", "role", "difference", "95 % interval", "p", "p (Holm)", "n")
WORDS = ("contrast", "measure", "role")  # columns of words
MORE = ("effect", "correlation", "P(better)", "n for 80 %")
FOREST = (
    "Forest plot: paired differences with 95 % intervals in the two planned measures. Filled: "
    "planned contrasts; hollow: exploratory. Dotted: the margin of non-inferiority."
)
IMPROVEMENT = (
    "Probability that a run of the treatment beats a run of the control, with 95 % intervals; "
    "one half says that neither is better."
)


def contrasts(report: Report) -> Markup:
    """Planned measures first; all others folded, exploratory by definition."""
    plan = report["plan"]
    planned = tuple(filter(None, (plan["primary"], plan["co_primary"])))
    rest = [row for row in _rows(report) if row[0] not in planned]
    first = [row for row in _rows(report) if row[0] in planned]
    return section(
        "contrasts",
        "Contrasts",
        tag(
            "p",
            "Treatment minus control on the same seeds. Effect: in standard deviations of "
            "the paired differences; n for 80 %: seeds that show such an effect with 80 % power.",
            class_="soft",
        ),
        _table(first, "The planned measures; shaded: planned contrasts."),
        fold("All other measures (exploratory)", _table(rest, "Not planned: no verdict here.")),
        drawn(report, "forest", FOREST),
        drawn(report, "improvement", IMPROVEMENT),
    )


def _rows(report: Report) -> Iterator[tuple[str, Report]]:
    """Measure and pair."""
    for pair in report["pairs"].values():
        for measure in measures_of(pair):
            yield measure, pair


def _table(rows: list[tuple[str, Report]], caption: str) -> Markup:
    if not rows:
        return tag("p", "None.", class_="soft")
    head = tag("tr", *(_head(cell) for cell in (*HEAD, *MORE)))
    grid = tag(
        "table",
        tag("caption", caption),
        tag("thead", head),
        tag("tbody", *(_row(*row) for row in rows)),
    )
    return tag("div", grid, class_="scroll", tabindex="0")


def _head(cell: str) -> Markup:
    return tag("th", cell, scope="col", class_="words" if cell in WORDS else "number")


def _row(measure: str, pair: Report) -> Markup:
    entry = pair[measure]
    role = entry.get("role") or pair["role"]
    cells: list[object] = (
        ["identical runs", "", "", ""] if pair.get("identical") else _tested(entry)
    )
    cells += [str(entry.get("n", NONE)), *_extra(entry, bool(pair.get("identical")))]
    return tag(
        "tr",
        tag("th", contrast(pair), scope="row"),
        tag("td", f"{short(measure)} {arrow(measure)}", class_="words"),
        tag("td", role, class_="words"),
        *(tag("td", cell) for cell in cells),
        class_="planned" if role == "primary" else "other",
    )


def _tested(entry: Report) -> list[object]:
    difference, bounds = entry.get("difference"), entry.get("ci")
    return [
        show(difference, *(bounds or ()))[0],
        show_interval(bounds, difference) or NONE,
        show_p(entry.get("p")),
        show_p(entry.get("p_holm")),
    ]


def _extra(entry: Report, identical: bool) -> list[object]:
    if identical:
        return [NONE] * len(MORE)
    bounds = entry.get("improvement_ci")
    better = show(entry.get("improvement"))[0]
    needed = entry.get("seeds_needed")
    return [
        show_one(entry.get("effect")),
        show_one(entry.get("correlation")),
        join((better, tag("small", show_interval(bounds)) if bounds else "")),
        NONE if needed is None else needed,
    ]
