"""Runs found in folders, and their evaluations as columns for a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.compare.runs.reading import read_run
from rlbatch.compare.runs.run import AXES, Run
from rlbatch.errors import FileError


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
