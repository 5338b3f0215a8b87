"""Draws a run: evaluation of every seed, and what B and ε did.

python docs/figures.py runs/latest docs/images/cartpole.png
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from rlbatch.metrics import iqm_over_seeds

INK, BAND, SEED = "#1b4f8a", "#9dc3e6", "#b8b8b8"


def main() -> None:
    """Reads a run folder and writes one picture."""
    run, picture = Path(sys.argv[1]), Path(sys.argv[2])
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8, 5.6), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    _evaluation(above, run)
    _schedule(below, run)
    figure.savefig(picture, dpi=130, metadata={"Software": None})


def _evaluation(axes: Axes, run: Path) -> None:
    steps, table = _returns(run)
    for own in table.T:
        axes.plot(steps, own, color=SEED, linewidth=0.7, label="_")
    value, low, high = iqm_over_seeds(table)
    if low is not None and high is not None:
        axes.fill_between(steps, low, high, color=BAND, alpha=0.5, label="95 % interval")
    axes.plot(steps, value, color=INK, linewidth=2, label=f"IQM of {table.shape[1]} seeds (grey)")
    axes.set_ylabel("greedy return, 10 episodes")
    axes.legend(loc="lower right", frameon=False)


def _schedule(axes: Axes, run: Path) -> None:
    with (run / "metrics.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["lane"] == "0"]
    steps = [int(row["env_step"]) for row in rows]
    axes.step(steps, [int(row["batch_size"]) for row in rows], color=INK, where="post")
    axes.set_yscale("symlog", base=2, linthresh=16)
    axes.set_ylabel("batch size B, rows", color=INK)
    axes.set_xlabel("env steps of a lane")
    other = axes.twinx()
    other.plot(steps, [float(row["epsilon"]) for row in rows], color="#c55a11", linestyle="--")
    other.set_ylabel("exploration rate ε", color="#c55a11")
    other.set_ylim(0, 1.05)


def _returns(run: Path) -> tuple[list[int], npt.NDArray[np.float64]]:
    """Env steps, and the mean return of every seed at each, `[steps, seeds]`."""
    means: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    with (run / "eval.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            means[int(row["env_step"])][int(row["seed"])].append(float(row["return"]))
    steps = sorted(means)
    return steps, np.array([[np.mean(own) for own in means[step].values()] for step in steps])


if __name__ == "__main__":
    main()
