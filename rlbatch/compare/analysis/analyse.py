"""From gathered runs to the report dict, which report.json holds whole (docs/report.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rlbatch.compare.analysis.numbers import Numbers, numbers
from rlbatch.compare.analysis.pairs import pairs
from rlbatch.compare.analysis.plain import plain
from rlbatch.compare.analysis.regimes import regimes
from rlbatch.compare.analysis.verdict import verdict
from rlbatch.compare.comparison import Contrast
from rlbatch.compare.inference import generator, least_seeds, performance_profile
from rlbatch.compare.runs.arenas import Arena, arenas
from rlbatch.compare.runs.gather import Gathered

SCHEMA = 1
TAUS = 51  # thresholds of the performance profiles
Table = Mapping[str, Mapping[str, Numbers]]  # regime -> environment -> its numbers


def analyse(gathered: Gathered) -> dict[str, Any]:
    """Everything that is reported, as plain JSON types; the same runs give the same report.

    Args:
        gathered: the runs, at least one that evaluated.
    """
    comparison, notes = gathered.comparison, list(gathered.notes)
    found = arenas(gathered)
    notes += [note for arena in found for note in arena.notes]
    table = _table(found, gathered, notes)
    contrasts = _contrasts(gathered)
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "name": comparison.name,
        "verdict": {},
        "plan": _plan(gathered, contrasts, found),
        "budget": {
            "axis": comparison.budget,
            "iso": comparison.iso,
            "common": min(arena.horizon for arena in found),
        },
        "envs": {
            arena.env.name: {
                "score": list(arena.env.score) if arena.env.score else None,
                "threshold": arena.env.threshold,
                "scale": arena.span,
            }
            for arena in found
        },
        "seeds": sorted({s for own in table.values() for n in own.values() for s in n.seeds}),
        "regimes": regimes(gathered, found, table),
        "pairs": pairs(comparison, table, contrasts, notes),
        "profiles": _profiles(found, table),
        "versions": gathered.origin.get("versions", {}),
        "hardware": gathered.origin.get("hardware", {}),
    }
    notes += _missing(table)
    told["verdict"] = verdict(told, notes)
    checked: dict[str, Any] = plain(told)
    return checked


def _plan(
    gathered: Gathered, contrasts: Sequence[Contrast], found: Sequence[Arena]
) -> dict[str, Any]:
    """What was planned; the margin in the unit in which AUC is reported."""
    comparison = gathered.comparison
    tests = len(contrasts) * len(comparison.plan.endpoints)
    least = least_seeds(max(tests, 1), comparison.plan.alpha)
    return {
        "hash": gathered.plan_hash or "",
        "kept": gathered.kept,
        "baseline": comparison.baseline,
        "contrasts": [contrast.key(str(comparison.baseline)) for contrast in contrasts],
        "primary": comparison.plan.primary,
        "co_primary": comparison.plan.co_primary,
        "alpha": comparison.plan.alpha,
        "margin": comparison.plan.margin * (1.0 if len(found) > 1 else found[0].span),
        "n": comparison.seeds,
        "least_seeds": least,
        "probe": gathered.origin.get("probe") or {},
    }


def _table(
    found: Sequence[Arena], gathered: Gathered, notes: list[str]
) -> dict[str, dict[str, Numbers]]:
    several = len(found) > 1
    table: dict[str, dict[str, Numbers]] = {name: {} for name in gathered.runs}
    for arena in found:
        for name in arena.curves:
            table[name][arena.env.name] = numbers(arena, name, several, notes)
    return table


def _contrasts(gathered: Gathered) -> list[Contrast]:
    """The planned ones, and the same between tuned regimes; none where nothing was planned."""
    if gathered.plan_hash is None or not gathered.kept:
        return []
    own = gathered.comparison.contrasts()
    if not gathered.tuned:
        return own
    tuned = [Contrast(f"{one}+tuned", f"{other}+tuned") for one, other in own]
    return own + [pair for pair in tuned if all(side in gathered.runs for side in pair)]


def _missing(table: Table) -> list[str]:
    """Seeds that some regime lacks."""
    every = {seed for own in table.values() for n in own.values() for seed in n.seeds}
    notes = []
    for name, own in table.items():
        for env, found in own.items():
            lost = sorted(every - set(found.seeds))
            if lost:
                notes.append(f"{name} in {env} has no seeds {lost}; pairs leave them out.")
    return notes


def _profiles(found: Sequence[Arena], table: Table) -> dict[str, Any]:
    """Share of runs whose final return is above τ, over the score range."""
    several = len(found) > 1
    values = [n.per_seed["final_return"] for own in table.values() for n in own.values()]
    low, high = (0.0, 1.0) if several else (found[0].low, found[0].low + found[0].span)
    low, high = (
        min(low, *(float(v.min()) for v in values)),
        max(high, *(float(v.max()) for v in values)),
    )
    tau = np.linspace(low, high, TAUS)
    told = {}
    for name, own in table.items():
        scores = [n.per_seed["final_return"] for n in own.values()]
        band = performance_profile(scores, tau, generator("profile", name))
        told[name] = {"value": band.value, "low": band.low, "high": band.high}
    return {"tau": tau, "regimes": told}
