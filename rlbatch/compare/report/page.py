"""The report as one page: no script, nothing to fetch, the same bytes for the same report."""

from __future__ import annotations

from rlbatch.compare.report.markup import Markup, section, tag
from rlbatch.compare.report.reading import Report
from rlbatch.compare.report.sections.contrasts import contrasts
from rlbatch.compare.report.sections.drawn import drawn
from rlbatch.compare.report.sections.inner import diagnostics, robustness
from rlbatch.compare.report.sections.origin import configs, versions
from rlbatch.compare.report.sections.stability import stability
from rlbatch.compare.report.sections.times import times
from rlbatch.compare.report.sections.words import notes, plan, verdict
from rlbatch.compare.report.stylesheet import CSS

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # nothing may be fetched
CONTENTS = {
    "plan": "Plan",
    "curves": "Learning curves",
    "batches": "Batch size",
    "stability": "Stability",
    "contrasts": "Contrasts",
    "profiles": "Profiles",
    "seeds": "Every seed",
    "times": "Time to threshold",
    "diagnostics": "Diagnostics",
    "robustness": "Robustness",
    "configs": "Configs",
    "versions": "Versions",
    "notes": "Notes",
}
CURVES = (
    "Learning curves: interquartile mean over seeds with 95 % bands. Dotted: the threshold of the "
    "environment."
)
BATCHES = (
    "Batch size over the budget, as it was used. Thick: median over seeds; thin: single seeds, "
    "where they differ."
)
PROFILES = (
    "Performance profiles: the share of runs that score more than τ, with 95 % bands; higher "
    "curves are better."
)
SEEDS = (
    "Every seed of every regime, thin; the interquartile mean thick; the baseline's dotted. "
    "A collapse that an average hides shows here."
)


def page(report: Report) -> str:
    """The whole of report.html, verdict first."""
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", f"{report['name']}: comparison of batch regimes"),
        tag("style", Markup(CSS)),
    )
    body = (
        tag("header", tag("h1", f"{report['name']}: comparison of batch regimes")),
        tag("main", verdict(report), _contents(), *_parts(report)),
    )
    whole = tag("html", tag("head", *head), tag("body", *body), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def _contents() -> Markup:
    links = (tag("li", tag("a", title, href=f"#{to}")) for to, title in CONTENTS.items())
    return tag("nav", tag("ul", *links), aria_label="Contents")


def _parts(report: Report) -> tuple[Markup, ...]:
    """In the order of `CONTENTS`."""
    return (
        plan(report),
        section("curves", "Learning curves", drawn(report, "learning_curves", CURVES)),
        section("batches", "Batch size over time", drawn(report, "batch_size", BATCHES)),
        stability(report),
        contrasts(report),
        section("profiles", "Performance profiles", drawn(report, "profiles", PROFILES)),
        section("seeds", "Every seed", drawn(report, "every_seed", SEEDS)),
        times(report),
        diagnostics(report),
        robustness(report),
        configs(report),
        versions(report),
        notes(report),
    )
