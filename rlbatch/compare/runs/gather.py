"""What there is to compare: the runs of a planned comparison, or any run folders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rlbatch.compare import manifest
from rlbatch.compare.comparison import Comparison
from rlbatch.compare.runs.reading import read_run
from rlbatch.compare.runs.run import Run
from rlbatch.compare.runs.table import find_runs
from rlbatch.compare.settings import Env, Regime
from rlbatch.errors import DataError, FileError, RlbatchError, require


@dataclass(slots=True)
class Gathered:
    """Runs by regime and environment, and what is to be said about them."""

    comparison: Comparison
    runs: dict[str, dict[str, Run]]  # regime -> environment -> its seeds as lanes
    plan_hash: str | None = None  # None: nothing was planned
    kept: bool = False  # was the plan kept
    origin: dict[str, Any] = field(default_factory=dict)  # versions, hardware
    notes: list[str] = field(default_factory=list)
    tuned: bool = False
    shared: bool = False  # did runs share the machine, so that wall time means little?


def gather_study(folder: Path) -> Gathered:
    """The runs of a comparison's folder.

    Raises:
        FileError: not such a folder, or one without a run that evaluated.
    """
    told = manifest.read(folder)
    comparison = manifest.comparison_of(told["plan"])
    found = Gathered(comparison, {}, told["plan_hash"], origin=told)
    found.kept = manifest.plan_hash(told["plan"]) == told["plan_hash"]
    if not found.kept:
        found.notes.append("The plan was changed after it was hashed: nothing here was planned.")
    found.tuned = told["plan"]["tune"] is not None
    found.shared = told.get("jobs", 1) > 1
    if found.shared:
        found.notes.append("Runs shared the machine, so that wall time is left out.")
    for name, env in _places(comparison, found.tuned):
        try:
            run = read_run(folder / "runs" / env / name, env, name)
        except RlbatchError as lost:
            found.notes.append(f"{name} in {env} is missing: {lost}")
            found.kept = False
            continue
        found.runs.setdefault(name, {})[env] = run
        _check_seeds(found, run)
    if not found.runs:
        raise FileError(str(folder), "at least one run that evaluated", "none")
    return found


def gather_runs(places: Sequence[Path], baseline: str | None) -> Gathered:
    """Run folders from anywhere; what they show is exploratory.

    Args:
        places: run folders, or folders that hold some.
        baseline: name of a regime; None: the first found.

    Raises:
        FileError: a place without a run; DataError: runs of one regime that do not fit together.
    """
    runs: dict[str, dict[str, Run]] = {}
    for place in places:
        folders = list(find_runs(place))
        if not folders:
            raise FileError(str(place), "a run folder, or a folder of them", "none there")
        for run in (arm for folder in folders for arm in read_run(folder).by_arm()):
            own, env = runs.setdefault(_plain(run.regime), {}), _plain(run.env)
            own[env] = _joined(own[env], run) if env in own else run
    comparison = _unplanned(runs, baseline)
    notes = ["Nothing was planned before these runs: every number is exploratory."]
    notes += [f"{name} in {env} {odd}." for name, env, odd in _oddities(runs)]
    first = next(iter(next(iter(runs.values())).values()))
    return Gathered(comparison, runs, origin=first.manifest, notes=notes)


def _oddities(runs: dict[str, dict[str, Run]]) -> Iterator[tuple[str, str, str]]:
    """Regime, environment, and what a reader has to know of its run."""
    for name, own in runs.items():
        for env, run in own.items():
            if run.status != "finished":
                yield name, env, f"is {run.status}"
            if any(run.stopped_early):
                early = [s for s, on in zip(run.seeds, run.stopped_early, strict=True) if on]
                yield name, env, f"stopped early in seeds {early}: their curves are flat from there"


def _places(comparison: Comparison, tuned: bool) -> Iterator[tuple[str, str]]:
    """Names of regimes, and of environments, that the plan trains."""
    for regime in comparison.regimes:
        names = [regime.name, f"{regime.name}+tuned"] if tuned else [regime.name]
        for name in names if regime.control is None else names[:1]:
            yield from ((name, env.name) for env in comparison.envs)


def _check_seeds(found: Gathered, run: Run) -> None:
    wanted = set(found.comparison.lane_seeds)
    if set(run.seeds) != wanted:
        found.notes.append(f"{run.regime} has seeds {list(run.seeds)}, planned: {sorted(wanted)}.")
        found.kept = False
    if run.status != "finished":
        found.notes.append(f"{run.regime} in {run.env} is {run.status}.")
        found.kept = False


def _joined(one: Run, other: Run) -> Run:
    """Two folders of one regime: other seeds, the same evaluations."""
    where = f"regime {one.regime}"
    twice = sorted(set(one.seeds) & set(other.seeds))
    if twice:
        advice = f"Seeds {twice} are in {one.folder} and {other.folder}. Leave one of them out."
        raise DataError(where, "every seed in one folder", "some in two", advice)
    same = np.array_equal(one.axes["env_steps"][0], other.axes["env_steps"][0])
    if not same or one.rollouts.shape[1] != other.rollouts.shape[1]:
        raise DataError(where, "the same evaluations in every folder", str(other.folder))
    return replace(
        one,
        status=other.status if one.status == "finished" else one.status,
        seeds=one.seeds + other.seeds,
        lanes=one.lanes + other.lanes,
        arms=one.arms + other.arms,
        axes={name: np.concatenate([x, other.axes[name]]) for name, x in one.axes.items()},
        returns=np.concatenate([one.returns, other.returns]),
        rollouts=np.concatenate([one.rollouts, other.rollouts]),
        changes=one.changes + other.changes,
        diverged=one.diverged + other.diverged,
        stopped_early=one.stopped_early + other.stopped_early,
        training={sign: own + other.training[sign] for sign, own in one.training.items()},
        invalid=one.invalid + other.invalid,
        diagnostics=None,
    )


def _unplanned(runs: dict[str, dict[str, Run]], baseline: str | None) -> Comparison:
    """Settings for runs that nobody planned together."""
    names = list(runs)
    require(baseline is None or baseline in names, "--baseline", f"one of {names}", baseline)
    envs = dict.fromkeys(env for own in runs.values() for env in own)
    several = len(envs) > 1
    scores = {env: [r.returns for own in runs.values() if (r := own.get(env))] for env in envs}
    ranges = {
        env: (min(float(x.min()) for x in own), max(float(x.max()) for x in own))
        for env, own in scores.items()
    }
    seeds = sorted({seed for own in runs.values() for run in own.values() for seed in run.seeds})
    return Comparison(
        name="analysis",
        regimes=tuple(Regime(name=name) for name in names),
        envs=tuple(Env(name=e, score=_wide(ranges[e]) if several else None) for e in envs),
        seed=seeds[0],
        seeds=len(seeds),
        baseline=baseline or names[0],
    )


def _plain(name: str) -> str:
    """A name that a config may use: arms of a sweep have brackets, ids of Gymnasium slashes."""
    kept = "".join(c if (c.isascii() and c.isalnum()) or c in "._+-" else "_" for c in name)
    return kept.lstrip("._+-") or "run"


def _wide(bounds: tuple[float, float]) -> tuple[float, float]:
    low, high = bounds
    return (low, high) if low < high else (low, low + 1.0)
