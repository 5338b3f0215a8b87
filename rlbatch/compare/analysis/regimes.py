"""What each regime comes to: estimates over seeds, curves, B over the budget, inner signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rlbatch.compare.analysis.numbers import Numbers
from rlbatch.compare.inference import Interval, estimate, generator, joint
from rlbatch.compare.measures import MEASURES
from rlbatch.compare.runs.arenas import Arena
from rlbatch.compare.runs.gather import Gathered
from rlbatch.compare.runs.run import AXES, Run
from rlbatch.compare.stability import num_reached, restricted_mean, time_to_threshold
from rlbatch.metrics import iqm_over_seeds

REPORTED = {"final_return": "final_return_iqm"}  # names in the report that differ
GROUP = [name for name, measure in MEASURES.items() if not measure.per_seed]


def regimes(
    gathered: Gathered, found: Sequence[Arena], table: Mapping[str, Mapping[str, Numbers]]
) -> dict[str, Any]:
    """The `regimes` part of the report."""
    return {name: _regime(name, gathered, found, own) for name, own in table.items()}


def _regime(
    name: str, gathered: Gathered, found: Sequence[Arena], own: Mapping[str, Numbers]
) -> dict[str, Any]:
    here = [arena for arena in found if name in arena.curves]
    runs = list(gathered.runs[name].values())
    told: dict[str, Any] = {
        "n": min(len(numbers.seeds) for numbers in own.values()),
        "status": next((run.status for run in runs if run.status != "finished"), "finished"),
        "divergences": sum(sum(run.diverged) for run in runs),
        "time_to_threshold": _times(here, name, gathered.shared),
        "ci": {},
        "per_seed": [
            line for arena in here for line in _per_seed(own[arena.env.name], arena, name)
        ],
        "curves": {arena.env.name: curve(arena, name) for arena in here},
        "batch_size": {a.env.name: _sizes(a.runs[name], a) for a in here},
        "diagnostics": _diagnostics(runs),
        "robustness": _robustness(name, runs),
        "config": runs[0].config,
    }
    for measure, about in MEASURES.items():
        interval = (
            over_seeds(name, measure, own) if about.per_seed else over_groups(name, measure, own)
        )
        shown = REPORTED.get(measure, measure)
        if measure != "time_to_threshold":
            told[shown] = None if interval is None else interval.value
        if interval is not None and interval.low is not None:
            told["ci"][shown] = [interval.low, interval.high]
    return told


def over_seeds(name: str, measure: str, own: Mapping[str, Numbers]) -> Interval[float] | None:
    """IQM over seeds and environments of a measure that every seed has."""
    scores = [numbers.per_seed[measure] for numbers in own.values()]
    scores = [known for each in scores if len(known := each[np.isfinite(each)])]
    return estimate(scores, rng=generator("regime", name, measure)) if scores else None


def over_groups(name: str, measure: str, own: Mapping[str, Numbers]) -> Interval[float] | None:
    """A measure that only a group has: the mean over environments, seeds resampled jointly."""
    parts = [(numbers.of_group(measure), len(numbers.seeds)) for numbers in own.values()]
    if any(of is None for of, _ in parts) or len({n for _, n in parts}) != 1:
        return None
    functions = [of for of, _ in parts if of is not None]
    return joint(
        lambda places: np.mean([of(places) for of in functions], axis=0),
        parts[0][1],
        rng=generator("regime", name, measure),
    )


def _per_seed(own: Numbers, arena: Arena, name: str) -> list[dict[str, Any]]:
    """A line for each seed; the time to a threshold that was not reached is none."""
    threshold, diverged = arena.env.threshold, arena.runs[name].diverged
    best = arena.curves[name].max(1)
    never = best < (np.inf if threshold is None else threshold)
    return [
        {"env": arena.env.name, "seed": seed}
        | {measure: values[k] for measure, values in own.per_seed.items()}
        | ({"time_to_threshold": None} if never[k] else {})
        | {"collapsed": own.collapsed[k], "diverged": diverged[k]}
        for k, seed in enumerate(own.seeds)
    ]


def curve(arena: Arena, regime: str) -> dict[str, Any]:
    """A regime's curve over seeds: IQM and bounds (None for one seed), and every seed's own."""
    own, seeds = arena.curves[regime], arena.runs[regime].seeds
    value, low, high = iqm_over_seeds(own.T)
    told = {str(seed): row for seed, row in zip(seeds, own, strict=True)}
    return {"x": arena.x, "iqm": value, "low": low, "high": high, "seeds": told}


def _times(here: Sequence[Arena], name: str, shared: bool) -> dict[str, Any] | None:
    """To the threshold along every axis: restricted mean over seeds, and how many reached it.

    Along wall time only where runs did not share the machine.
    """
    if not here or any(arena.env.threshold is None for arena in here):
        return None
    told = {}
    for axis in (axis for axis in AXES if not (shared and axis == "wall_s")):
        means, reached, seeds = [], 0, 0
        for arena in here:
            run = arena.runs[name]
            horizon = min(other.end(axis) for other in arena.runs.values())
            times = time_to_threshold(run.returns, run.axes[axis], float(arena.env.threshold or 0))
            means.append(float(restricted_mean(times, horizon)))
            reached += int(num_reached(times, horizon))
            seeds += len(times)
        told[axis] = {"restricted_mean": np.mean(means), "reached": reached, "of": seeds}
    return told


def _sizes(run: Run, arena: Arena) -> dict[str, Any]:
    """B along the budget axis, at every change of any seed."""
    steps = [[(when[arena.axis], rows) for when, rows in own] for own in run.changes]
    within = {date for own in steps for date, rows in own if rows > 0 and date < arena.horizon}
    dates = sorted(within | {arena.horizon})
    return {
        "x": dates,
        "rows": {
            str(seed): [_at(own, date) for date in dates]
            for seed, own in zip(run.seeds, steps, strict=True)
        },
    }


def _at(steps: Sequence[tuple[float, int]], date: float) -> int | None:
    """Rows in use at a date."""
    before = [rows for when, rows in steps if when <= date and rows > 0]
    return before[-1] if before else None


def _diagnostics(runs: Sequence[Run]) -> dict[str, Any] | None:
    """Inner signs of the first environment that has them; off the verdict."""
    run = next((run for run in runs if run.diagnostics), runs[0])
    read = run.diagnostics["signs"] if run.diagnostics else {}
    logged = {
        sign: {"per_seed": own, "experimental": False}
        for sign, own in run.training.items()
        if any(value is not None for value in own)
    }
    found = read | logged
    return {k: {"value": _middle(own["per_seed"]), **own} for k, own in found.items()} or None


def _robustness(name: str, runs: Sequence[Run]) -> dict[str, Any] | None:
    told = next((run.diagnostics for run in runs if run.diagnostics), None)
    if told is None:
        return None
    found = {}
    for variant, own in told["robustness"].items():
        known = np.array([value for value in own["per_seed"] if value is not None], np.float64)
        rng = generator("robustness", name, variant)
        interval = estimate([known], rng=rng) if len(known) else Interval(None, None, None)
        ci = None if interval.low is None else [interval.low, interval.high]
        found[variant] = {"value": interval.value, "ci": ci, "per_seed": own["per_seed"]}
    return found


def _middle(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
