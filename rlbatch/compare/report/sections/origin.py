"""Where the numbers come from: exact configs, versions, hardware."""

from __future__ import annotations

from rlbatch.compare.report.markup import Markup, facts, fold, section, tag
from rlbatch.compare.report.reading import Report
from rlbatch.compare.report.sections.stability import named


def configs(report: Report) -> Markup:
    """As they were resolved; each can be trained again."""
    regimes = report["regimes"].items()
    folded = (fold(named(report, name), tag("pre", regime["config"])) for name, regime in regimes)
    return section("configs", "Exact configs", *folded)


def versions(report: Report) -> Markup:
    """Software and machine."""
    return section(
        "versions",
        "Versions and hardware",
        facts(sorted(report["versions"].items())),
        tag("h3", "Hardware"),
        facts((name, _plain(what)) for name, what in sorted(report["hardware"].items())),
    )


def _plain(what: object) -> str:
    """Lists and dicts in one line."""
    if isinstance(what, dict):
        return ", ".join(f"{name}: {_plain(inner)}" for name, inner in sorted(what.items()))
    if isinstance(what, list):
        return ", ".join(_plain(inner) for inner in what)
    return "–" if what is None else str(what)
