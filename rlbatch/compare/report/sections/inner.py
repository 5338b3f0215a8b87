"""What stays off the verdict: inner signs, and returns in perturbed environments."""

from __future__ import annotations

from rlbatch.compare.report.markup import Markup, join, section, table, tag
from rlbatch.compare.report.reading import NONE, Report, show, show_interval
from rlbatch.compare.report.sections.stability import named

OFF = (
    "Diagnostics: off the verdict. They describe the networks on one fixed set of states; some "
    "differ between regimes by construction, and those marked experimental depend on the "
    "parametrisation or on the states chosen."
)
HARDER = (
    "Greedy return of the final policies where the environment differs from the one trained in. "
    "Small print: 95 % intervals. Exploratory."
)


def diagnostics(report: Report) -> Markup:
    """Inner signs, one column each."""
    body = _grid(report, "diagnostics", OFF)
    return section("diagnostics", "Diagnostics: off the verdict", body)


def robustness(report: Report) -> Markup:
    """Returns under perturbation, one column a variant."""
    return section("robustness", "Robustness", _grid(report, "robustness", HARDER))


def _grid(report: Report, part: str, caption: str) -> Markup:
    regimes = report["regimes"]
    columns: dict[str, bool] = {}
    for regime in regimes.values():
        for key, entry in (regime.get(part) or {}).items():
            columns[key] = columns.get(key, False) or bool(entry.get("experimental"))
    if not columns:
        return tag("p", "Not measured in this comparison.", class_="soft")
    head = ["regime", *(_head(key, experimental) for key, experimental in columns.items())]
    rows = [
        [named(report, name), *(_cell((regime.get(part) or {}).get(key)) for key in columns)]
        for name, regime in regimes.items()
    ]
    return table(head, rows, caption)


def _head(key: str, experimental: bool) -> Markup:
    badge = tag("span", "experimental", class_="badge") if experimental else ""
    return join((key.replace("_", " "), badge))


def _cell(entry: Report | None) -> object:
    if not entry:
        return NONE
    bounds, number = entry.get("ci"), entry.get("value")
    small = tag("small", show_interval(bounds, number)) if bounds else ""
    return join((show(number, *(bounds or ()))[0], small))
