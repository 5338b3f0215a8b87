"""Trains rlbatch in a process of its own and reads its folder: the one file that knows how."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import one_thread
from benchmarks.training_compared.program import Speed
from benchmarks.venvs import ROOT

CONFIG = "configs/cleanrl/cartpole.yaml"
QUIET = (  # the peers neither evaluate nor log nor save: leave the least that a run must do
    "evaluate.every=1.0",
    "evaluate.episodes=1",
    "evaluate.final_episodes=1",
    "log_every=1.0",
    "checkpoint_every=1.0",
)
WINDOW = 20  # env steps between log points where returns are read
TENSOR = "env.plug=envs.cartpole:CartPole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A way to run rlbatch."""

    lanes: int  # seeds side by side
    overrides: tuple[str, ...] = ()  # of the config

    def speed(self, steps: int, seed: int) -> Speed:
        """Trains its lanes, from `seed` up, for so many env steps each."""
        with trained(steps, range(seed, seed + self.lanes), *self.overrides) as folder:
            summary = json.loads((folder / "summary.json").read_text())
        return Speed(float(summary["env_steps_per_s"]))

    def returns(self, steps: int, seeds: range) -> list[list[float]]:
        """Trains these seeds; each one's training returns, in the order in which episodes ended."""
        logged = f"log_every={WINDOW / steps}", "tb.per_seed_max=0"
        with trained(steps, seeds, *self.overrides, *logged) as folder:
            return read_returns(folder / "metrics.csv", len(seeds))


COMPILED = "compile=on"  # what `auto` is in a run as long as the preset's own
PROGRAMS: dict[str, Ours] = {
    "rlbatch-1": Ours(lanes=1, overrides=(COMPILED,)),
    "rlbatch-1-tensor": Ours(lanes=1, overrides=(COMPILED, TENSOR)),
    "rlbatch-16": Ours(lanes=16, overrides=(COMPILED,)),
    "rlbatch-16-eager": Ours(lanes=16, overrides=("compile=off",)),
    "rlbatch-16-tensor": Ours(lanes=16, overrides=(COMPILED, TENSOR)),
    "rlbatch-64-tensor": Ours(lanes=64, overrides=(COMPILED, TENSOR)),
}


@contextmanager
def trained(steps: int, seeds: range, *overrides: str) -> Iterator[Path]:
    """Trains one lane a seed, and yields the folder of the run.

    Args:
        steps: env steps of each lane.
        seeds: one after another.
        overrides: of the config; a later one wins.

    Raises:
        SystemExit: the run failed.
    """
    own = {"seed": seeds.start, "seeds": len(seeds), "env_steps": steps, "threads": 1}
    told = [f"{key}={value}" for key, value in own.items()]
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        command = [sys.executable, "-m", "rlbatch.train", CONFIG, *told, *QUIET, *overrides]
        done = subprocess.run(
            [*command, f"run_dir={run_dir}"],
            cwd=ROOT,
            env=one_thread(),
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise SystemExit(f"rlbatch.train: status {done.returncode}, not 0.\n{done.stderr}")
        yield run_dir


def read_returns(metrics: Path, lanes: int) -> list[list[float]]:
    """Each lane's training returns, from the log points of a run that has one every `WINDOW`.

    A log point tells the mean over the episodes that ended since the last one. Episodes longer
    than the window end one at a time, so theirs are exact; of shorter ones, as many as fill the
    window get the mean.
    """
    told: list[list[float]] = [[] for _ in range(lanes)]
    with metrics.open(newline="") as file:
        for line in csv.DictReader(file):
            if line["return"]:
                ended = max(1, round(WINDOW / float(line["length"])))
                told[int(line["lane"])] += [float(line["return"])] * ended
    return told
