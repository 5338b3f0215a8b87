"""Run folders -> curves. A comparison reads run folders and nothing else."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError, FileError

Floats = npt.NDArray[np.float64]
AXES = {"env_steps": "env_step", "updates": "update", "samples": "samples", "wall_s": "wall_s"}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run folder holds; L lanes, T evaluations."""

    folder: Path
    regime: str
    env: str
    status: str
    seeds: tuple[int, ...]  # [L]
    lanes: tuple[int, ...]  # [L] their numbers in the folder's files
    arms: tuple[dict[str, float], ...]  # [L] the numbers in which a lane differs
    axes: dict[str, Floats]  # env_steps, updates, samples, wall_s: [L, T] each
    returns: Floats  # [L, T] mean greedy return
    rollouts: Floats  # [L, episodes] greedy returns of the last evaluation
    changes: tuple[tuple[tuple[dict[str, float], int], ...], ...]  # [L] (date by axis, rows) of B
    diverged: tuple[bool, ...]  # [L]
    invalid: tuple[int, ...]  # seeds with an evaluation that is no number
    config: str  # YAML
    manifest: dict[str, Any]
    diagnostics: dict[str, Any] | None

    def end(self, axis: str) -> float:
        """How far along an axis every lane came that did not diverge."""
        on = [k for k, gone in enumerate(self.diverged) if not gone]
        return float(self.axes[axis][on or slice(None), -1].min())

    def of_lanes(self, kept: Sequence[int], regime: str) -> Run:
        """The same run with these places of L alone."""

        def some(own: Any) -> Any:
            return tuple(own[k] for k in kept)

        return replace(
            self,
            regime=regime,
            seeds=some(self.seeds),
            lanes=some(self.lanes),
            arms=some(self.arms),
            axes={name: x[list(kept)] for name, x in self.axes.items()},
            returns=self.returns[list(kept)],
            rollouts=self.rollouts[list(kept)],
            changes=some(self.changes),
            invalid=tuple(s for s in self.invalid if s in some(self.seeds)),
            diverged=some(self.diverged),
            diagnostics=self.diagnostics if len(kept) == len(self.seeds) else None,
        )

    def by_arm(self) -> list[Run]:
        """A run for each arm of a sweep, its numbers in the regime's name; itself without one."""
        names = [" ".join(f"{k}={_short(v)}" for k, v in arm.items()) for arm in self.arms]
        return [
            self.of_lanes(
                [k for k, own in enumerate(names) if own == arm],
                f"{self.regime}[{arm}]" if arm else self.regime,
            )
            for arm in dict.fromkeys(names)
        ]


def _short(value: float) -> str:
    """As few digits as tell it from every other number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def read_run(folder: Path, env: str | None = None, regime: str | None = None) -> Run:
    """Reads a run folder.

    Args:
        folder: with summary.json and eval.csv.
        env: name to give its environment; None: the one it was trained in.
        regime: name to give it; None: that of its config.

    Raises:
        FileError: not a run folder, or one whose run has not evaluated yet.
        DataError: lines of eval.csv that do not fit together, or not one number among them.
    """
    summary, manifest = (_json(folder / name) or {} for name in ("summary.json", "manifest.json"))
    if not {"regime", "status"} <= set(summary) or not (folder / "eval.csv").is_file():
        advice = "A run folder has summary.json and eval.csv; the run may have been killed."
        raise FileError(str(folder), "a run folder", "something else", advice)
    table = _evaluations(folder / "eval.csv")
    axes, returns, rollouts = _curves(folder, table)
    lanes = sorted(table)
    arms = summary.get("arms") or [{}]
    per_arm = max(1, len(lanes) // len(arms))
    seeds = tuple(int(table[lane][0]["seed"]) for lane in lanes)
    invalid = tuple(s for s, y in zip(seeds, returns, strict=True) if not np.isfinite(y).all())
    return Run(
        folder=folder,
        regime=regime or str(summary["regime"]),
        env=env or _env_name(manifest.get("env", {})),
        status=str(summary["status"]),
        seeds=seeds,
        lanes=tuple(lanes),
        arms=tuple(arms[min(lane // per_arm, len(arms) - 1)] for lane in lanes),
        axes=axes,
        returns=_lowest_after_nan(returns, folder),
        rollouts=rollouts,
        changes=tuple(_changes(folder / "decisions.csv", lanes)),
        diverged=tuple(lane in summary.get("diverged_lanes", ()) for lane in lanes),
        invalid=invalid,
        config=_text(folder / "config.yaml"),
        manifest=manifest,
        diagnostics=_json(folder / "diagnostics.json"),
    )


def find_runs(place: Path) -> Iterator[Path]:
    """Run folders at or below a place, in the order of their names; of a comparison's folder
    those of its regimes, not those that it was tuned or probed with."""
    if (place / "summary.json").is_file():
        yield place
        return
    compared = (place / "manifest.json").is_file() and (place / "runs").is_dir()
    for path in sorted((place / "runs" if compared else place).rglob("summary.json")):
        yield path.parent


def load_runs(pattern: str) -> dict[str, npt.NDArray[Any]]:
    """Every evaluation of the runs that a glob names, as columns of equal length.

    `pandas.DataFrame(load_runs("runs/compare-cartpole/runs/*/*"))` is the table for a notebook.

    Args:
        pattern: of run folders, relative to the working directory or absolute.

    Returns:
        regime, env, seed, env_step, update, samples, wall_s, return (the mean over episodes); and
        a column for each number in which lanes differ.

    Raises:
        FileError: no run matches, or one cannot be read.
    """
    path = Path(pattern)
    root = Path(path.anchor or ".")
    places = sorted(root.glob(str(path.relative_to(path.anchor) if path.anchor else path)))
    runs = [read_run(folder) for folder in places if (folder / "summary.json").is_file()]
    if not runs:
        raise FileError(pattern, "at least one run folder", "none")
    lines = [line for run in runs for line in _lines(run)]
    names = list(dict.fromkeys(name for line in lines for name in line))
    return {name: np.array([line.get(name, np.nan) for line in lines]) for name in names}


def _lines(run: Run) -> Iterator[dict[str, Any]]:
    for k, seed in enumerate(run.seeds):
        for t, value in enumerate(run.returns[k]):
            counters = {AXES[axis]: x[k, t] for axis, x in run.axes.items()}
            told = {"regime": run.regime, "env": run.env, "seed": seed, **run.arms[k]}
            yield told | counters | {"return": value}


def _evaluations(path: Path) -> dict[int, list[dict[str, str]]]:
    """Lines of eval.csv by lane."""
    lanes: dict[int, list[dict[str, str]]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                _ = [float(line[name]) for name in ("seed", "return", *AXES.values())]
                lanes.setdefault(int(line["lane"]), []).append(line)
    except (KeyError, TypeError, ValueError) as odd:
        raise DataError(str(path), "lines with lane, seed, counters and return", odd) from None
    if not lanes:
        raise FileError(str(path), "at least one evaluation", "none", "The run ended too soon.")
    return lanes


def _curves(
    folder: Path, table: dict[int, list[dict[str, str]]]
) -> tuple[dict[str, Floats], Floats, Floats]:
    """Axes `[L, T]`, mean returns `[L, T]`, and the last evaluation's episodes `[L, E]`."""
    moments = sorted({int(line["env_step"]) for line in table[min(table)]})
    axes = {axis: np.empty((len(table), len(moments))) for axis in AXES}
    returns, last = np.empty((len(table), len(moments))), []
    for row, lane in enumerate(sorted(table)):
        grouped: dict[int, list[dict[str, str]]] = {}
        for line in table[lane]:
            grouped.setdefault(int(line["env_step"]), []).append(line)
        if sorted(grouped) != moments:
            expected = "every lane evaluated at the same env steps"
            raise DataError(f"{folder}/eval.csv", expected, f"lane {lane} at others")
        for t, moment in enumerate(moments):
            own = grouped[moment]
            returns[row, t] = np.mean([float(line["return"]) for line in own])
            for axis, counter in AXES.items():
                axes[axis][row, t] = float(own[0][counter])
        last.append([float(line["return"]) for line in grouped[moments[-1]]])
    if len({len(own) for own in last}) > 1:
        raise DataError(f"{folder}/eval.csv", "as many episodes in every lane", "fewer in some")
    return axes, returns, np.array(last)


def _lowest_after_nan(returns: Floats, folder: Path) -> Floats:
    """From its first evaluation that is no number on, a lane scores the lowest of the run."""
    known = np.isfinite(returns)
    if not known.any():
        raise DataError(f"{folder}/eval.csv", "at least one return that is a number", "none")
    return np.where(np.logical_and.accumulate(known, axis=1), returns, returns[known].min())


def _changes(
    path: Path, lanes: Sequence[int]
) -> Iterator[tuple[tuple[dict[str, float], int], ...]]:
    """(date by axis, rows) of each lane where B changes; empty where no log was kept."""
    told: dict[int, list[tuple[dict[str, float], int]]] = {lane: [] for lane in lanes}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                date = {axis: float(line[counter]) for axis, counter in AXES.items()}
                told[int(line["lane"])].append((date, int(line["batch_size"])))
    for lane in lanes:
        yield tuple(told[lane])


def _env_name(env: dict[str, Any]) -> str:
    return str(env.get("id") or str(env.get("plug", "env")).rpartition(":")[2])


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
