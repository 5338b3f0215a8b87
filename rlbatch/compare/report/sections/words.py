"""The verdict and the plan: what is said in words."""

from __future__ import annotations

from rlbatch.compare.report.canvas import AXIS
from rlbatch.compare.report.markup import Markup, bullets, facts, join, section, tag
from rlbatch.compare.report.reading import Report, contrast, label, show_one


def verdict(report: Report) -> Markup:
    """First of all: the answer."""
    said = report["verdict"]
    lines = bullets(said["lines"]) if said["lines"] else ""
    return tag("div", tag("h2", said["headline"]), lines, class_="verdict", id="verdict")


def plan(report: Report) -> Markup:
    """What was decided before the first run, and whether it was kept."""
    agreed = report["plan"]
    return section(
        "plan",
        "What was planned",
        tag("p", _kept(agreed)),
        facts(
            [
                ("plan", tag("code", agreed["hash"])),
                ("baseline", agreed["baseline"]),
                ("planned contrasts", bullets(_contrasts(report))),
                ("primary measure", label(agreed["primary"])),
                ("co-primary measure", label(agreed["co_primary"] or "none")),
                ("level", f"α = {agreed['alpha']:g}, Holm over the planned tests"),
                ("margin", f"{show_one(agreed['margin'])} of {label('auc')}"),
                ("paired seeds", _seeds(agreed)),
                ("budget", _budget(report["budget"])),
                ("environments", _environments(report["envs"])),
                ("seeds", ", ".join(str(seed) for seed in report["seeds"])),
            ]
        ),
    )


def notes(report: Report) -> Markup:
    """What a careful reader must know: trimmed curves, missing seeds, failed runs."""
    said = report["verdict"]["notes"]
    found = bullets(said) if said else tag("p", "Nothing to note: every planned run is here.")
    return section("notes", "Notes", found)


def _contrasts(report: Report) -> list[str]:
    """By both sides; one whose runs are missing by its name."""
    names, pairs = report["plan"]["contrasts"], report["pairs"]
    return [contrast(pairs[name]) if name in pairs else name for name in names] or ["none"]


def _kept(agreed: Report) -> Markup:
    if agreed["kept"]:
        return join(("The plan was written before training, and it was ", tag("b", "kept"), "."))
    return join(("The plan was ", tag("b", "not kept"), ": read every test as exploratory."))


def _seeds(agreed: Report) -> str:
    found, least = agreed["n"], agreed["least_seeds"]
    if found >= least:
        return f"{found}; the planned tests need at least {least}"
    return f"{found}, fewer than the {least} that the planned tests need: nothing can be shown"


def _budget(budget: Report) -> str:
    axis = AXIS.get(budget["axis"], budget["axis"])
    return f"{budget['common']:,.0f} {axis}, compared at equal {AXIS.get(budget['iso'])}"


def _environments(envs: Report) -> Markup:
    lines = []
    for env, about in envs.items():
        score, threshold = about.get("score"), about.get("threshold")
        scaled = f", scores scaled from [{score[0]:g}, {score[1]:g}]" if score else ""
        aim = f", threshold {threshold:g}" if threshold is not None else ""
        lines.append(f"{env}{scaled}{aim}")
    return bullets(lines)
