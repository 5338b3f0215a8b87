"""Curves of all regimes in one environment, on one axis and one budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from rlbatch.compare.runs.gather import Gathered
from rlbatch.compare.runs.run import Run
from rlbatch.compare.settings import Axis, Env
from rlbatch.compare.stability import curve_range
from rlbatch.errors import DataError, require

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Arena:
    """One environment; T evaluations common to all regimes."""

    env: Env
    runs: Mapping[str, Run]  # by regime
    axis: str  # the budget's
    x: Floats  # [T] along it
    curves: Mapping[str, Floats]  # [seeds, T] by regime
    low: float  # return that counts as none
    span: float  # returns from there to one that counts as all
    notes: tuple[str, ...]

    @property
    def horizon(self) -> float:
        """The common budget."""
        return float(self.x[-1])

    def rows(self, regime: str, seeds: Sequence[int]) -> list[int]:
        """Where these seeds are in the regime's curves."""
        own = self.runs[regime].seeds
        return [own.index(seed) for seed in seeds]


def arenas(gathered: Gathered, axis: str | None = None) -> list[Arena]:
    """An arena for each environment that has runs.

    Args:
        gathered: the runs.
        axis: env_steps, updates, samples or wall_s; None: the budget of the comparison.

    Raises:
        DataError: a run that came nowhere along the axis.
    """
    axis = axis or gathered.comparison.budget
    known = (*get_args(Axis), "wall_s")
    require(axis in known, "axis", f"one of {', '.join(known)}", repr(axis))
    found = []
    for env in gathered.comparison.envs:
        runs = {name: own[env.name] for name, own in gathered.runs.items() if env.name in own}
        if runs:
            found.append(_arena(env, runs, axis, str(gathered.comparison.baseline)))
    return found


def _arena(env: Env, runs: Mapping[str, Run], axis: str, baseline: str) -> Arena:
    notes = [
        f"{name}: seed {seed} has evaluations in {env.name} that are no numbers; from there on it "
        "scores the lowest return of its run."
        for name, run in runs.items()
        for seed in run.invalid
    ]
    ends = {name: run.end(axis) for name, run in runs.items()}
    common = min(ends.values())
    if common <= 0.0:
        none = ", ".join(name for name, end in ends.items() if end <= 0.0)
        raise DataError(f"{env.name}, budget {axis}", "more than 0 in every regime", f"0 in {none}")
    longer = [name for name, end in ends.items() if end > common]
    if longer:
        notes.append(
            f"{env.name}: curves are cut at {common:,.0f} {axis}, what all have; longer: "
            f"{', '.join(longer)}."
        )
    x, curves = _on_one_grid(runs, axis, common)
    low, span = _scale(env, curves, baseline, notes)
    return Arena(env, runs, axis, x, curves, low, span, tuple(notes))


def _on_one_grid(
    runs: Mapping[str, Run], axis: str, common: float
) -> tuple[Floats, dict[str, Floats]]:
    """The evaluations as they are where all were made at the same points, else read off lines."""
    lanes = {
        name: [_moving(x, y) for x, y in zip(run.axes[axis], run.returns, strict=True)]
        for name, run in runs.items()
    }
    ours = [x[x <= common] for own in lanes.values() for x, _ in own]
    if all(np.array_equal(points, ours[0]) for points in ours):
        kept = len(ours[0])
        return ours[0], {name: np.array([y[:kept] for _, y in own]) for name, own in lanes.items()}
    count = max(2, min(int((run.axes[axis] <= common).sum(1).min()) for run in runs.values()))
    grid = common * np.arange(1, count + 1) / count
    return grid, {
        name: np.array([np.interp(grid, x, y) for x, y in own]) for name, own in lanes.items()
    }


def _moving(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Without evaluations after which the axis stood still, as updates do before the first."""
    kept = np.append(np.diff(x) > 0.0, True)
    return x[kept], y[kept]


def _scale(
    env: Env, curves: Mapping[str, Floats], baseline: str, notes: list[str]
) -> tuple[float, float]:
    """A constant score range for all regimes: the config's, or the baseline's median range."""
    if env.score is not None:
        return env.score[0], env.score[1] - env.score[0]
    measured = curves.get(baseline, next(iter(curves.values())))
    low = min(float(own.min()) for own in curves.values())
    span = float(np.median(curve_range(measured))) if measured.shape[1] > 1 else 0.0
    if span <= 0.0:
        span = max(float(own.max()) for own in curves.values()) - low
    if span <= 0.0:
        notes.append(f"{env.name}: no curve moves at all.")
        span = 1.0
    return low, span
