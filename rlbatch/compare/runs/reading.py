"""A run folder -> its run. A comparison reads run folders and nothing else."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rlbatch.compare.runs.run import AXES, Floats, Run
from rlbatch.compare.runs.training import training_signs
from rlbatch.errors import DataError, FileError


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
    early = [own["lane"] for own in summary.get("stopped_early", ())]
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
        stopped_early=tuple(lane in early for lane in lanes),
        invalid=invalid,
        config=_text(folder / "config.yaml"),
        manifest=manifest,
        training=training_signs(folder / "metrics.csv", lanes),
        diagnostics=_json(folder / "diagnostics.json"),
    )


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
