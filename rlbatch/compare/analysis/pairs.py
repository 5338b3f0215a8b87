"""Regimes against each other on the seeds that both have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rlbatch.compare.analysis.numbers import Floats, Numbers, Places
from rlbatch.compare.comparison import Comparison, Contrast
from rlbatch.compare.inference import (
    generator,
    holm,
    joint_difference,
    label_swap_of_indices,
    paired_difference,
    probability_of_improvement,
)
from rlbatch.compare.measures import MEASURES
from rlbatch.compare.settings import Plan

Own = Mapping[str, Numbers]  # by environment
Table = Mapping[str, Own]  # by regime


def pairs(
    comparison: Comparison, table: Table, planned: Sequence[Contrast], notes: list[str]
) -> dict[str, Any]:
    """The `pairs` part of the report: planned contrasts, then everyone against the baseline.

    A regime against the baseline goes by the regime's name, any other contrast by both names.
    """
    base = str(comparison.baseline)
    told: dict[str, Any] = {}
    turned = {Contrast(other, one) for one, other in planned}
    others = [pair for pair in _others(comparison, table) if pair not in turned]
    for contrast in dict.fromkeys([*planned, *others]):
        if not all(side in table for side in contrast):
            notes.append(f"{contrast.name}: not compared, since a run is missing.")
            continue
        role = "primary" if contrast in planned else "exploratory"
        told[contrast.key(base)] = _pair(contrast, table, role, comparison, notes)
    _adjust(told, len(planned), comparison.plan)
    return told


def _others(comparison: Comparison, table: Table) -> list[Contrast]:
    """Controls against what they were made from, and everyone against the baseline; tuned
    regimes against the tuned one."""
    base = str(comparison.baseline)
    found = [Contrast(r.name, r.of) for r in comparison.regimes if r.of and r.control != "lr0"]
    for name in table:
        tuned = name.endswith("+tuned") and f"{base}+tuned" in table
        against = f"{base}+tuned" if tuned and name != f"{base}+tuned" else base
        if name != against:
            found.append(Contrast(name, against))
    return found


def _pair(
    contrast: Contrast, table: Table, role: str, comparison: Comparison, notes: list[str]
) -> dict[str, Any]:
    one, other = table[contrast.treatment], table[contrast.control]
    told: dict[str, Any] = {
        "treatment": contrast.treatment,
        "control": contrast.control,
        "role": role,
        "identical": False,
        "unlearned": _unlearned(contrast.treatment, one, comparison),
    }
    both = {env: (one[env], other[env]) for env in one if env in other}
    seeds = _common([numbers for pair in both.values() for numbers in pair])
    if not seeds:
        notes.append(f"{contrast.name}: no seed in common.")
        return told
    arms = [(_of(x, seeds), _of(y, seeds)) for x, y in both.values()]
    for measure, about in MEASURES.items():
        if about.per_seed:
            own = _per_seed(measure, arms, contrast.name, comparison.plan.alpha)
        else:
            own = _group(measure, arms, contrast.name)
        if own is not None:
            planned = measure in comparison.plan.endpoints
            primary = role == "primary" and planned
            if planned and own["n"] < len(seeds):
                lost = len(seeds) - own["n"]
                notes.append(f"{contrast.name}: {lost} pairs have no {measure} and are left out.")
            told[measure] = own | {"role": "primary" if primary else "exploratory"}
    told["identical"] = all(
        np.array_equal(x.per_seed[measure], y.per_seed[measure], equal_nan=True)
        for x, y in arms
        for measure in x.per_seed
    )
    return told


def _unlearned(name: str, own: Own, comparison: Comparison) -> bool:
    """Does a regime learn nothing by construction, or did no curve of it ever move?"""
    frozen = any(r.name == name and r.control == "lr0" for r in comparison.regimes)
    return frozen or all(bool(numbers.flat.all()) for numbers in own.values())


def _common(numbers: Sequence[Numbers]) -> list[int]:
    """Seeds that all have, in the first one's order."""
    return [s for s in numbers[0].seeds if all(s in n.seeds for n in numbers)] if numbers else []


def _of(numbers: Numbers, seeds: Sequence[int]) -> Numbers:
    return numbers.at([numbers.seeds.index(seed) for seed in seeds])


Arms = Sequence[tuple[Numbers, Numbers]]  # treatment and control, an environment each


def _per_seed(measure: str, arms: Arms, name: str, alpha: float) -> dict[str, Any] | None:
    """Difference of a measure that every seed has, seeds paired."""
    sides = np.array([[n.per_seed[measure] for n in pair] for pair in arms])  # [envs, 2, seeds]
    known = np.isfinite(sides).all((0, 1))
    if not known.any():
        return None
    first, second = list(sides[:, 0, known]), list(sides[:, 1, known])
    found = paired_difference(first, second, generator("pair", name, measure), alpha)
    better = probability_of_improvement(first, second, generator("improve", name, measure))
    return {
        "difference": found.difference,
        "ci": None if found.low is None else [found.low, found.high],
        "p": found.p,
        "p_holm": None,
        "n": found.n,
        "effect": found.effect,
        "correlation": found.correlation,
        "seeds_needed": found.seeds_needed,
        "improvement": better.value,
        "improvement_ci": None if better.low is None else [better.low, better.high],
    }


def _group(measure: str, arms: Arms, name: str) -> dict[str, Any] | None:
    """Difference of a measure that only a group has; labels are swapped within seeds."""
    count = len(arms[0][0].seeds)
    parts = [treatment.and_also(control).of_group(measure) for treatment, control in arms]
    if count < 2 or any(of is None for of in parts):
        return None

    def of(places: Places) -> Floats:
        return np.asarray(np.mean([part(places) for part in parts if part], axis=0))

    rng = generator("swap", name, measure)
    found = joint_difference(of, lambda places: of(places + count), count, rng)
    return {
        "difference": found.value,
        "ci": None if found.low is None else [found.low, found.high],
        "p": label_swap_of_indices(of, count, rng),
        "p_holm": None,
        "n": count,
        **dict.fromkeys(("effect", "correlation", "seeds_needed", "improvement", "improvement_ci")),
    }


def _adjust(told: Mapping[str, Any], planned: int, plan: Plan) -> None:
    """Holm over planned contrasts x endpoints; what was not planned has no adjusted p.

    A planned test that could not be made counts as one that showed nothing.
    """
    tests = [
        pair[measure]
        for pair in told.values()
        for measure in plan.endpoints
        if measure in pair and pair[measure]["role"] == "primary"
    ]
    missing = planned * len(plan.endpoints) - len(tests)
    adjusted = holm([test["p"] for test in tests] + [1.0] * missing)
    for test, p in zip(tests, adjusted, strict=False):
        test["p_holm"] = p
