"""Trains rlbatch in a process of its own and reads its speed: the one file that knows how."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.processes import one_thread
from benchmarks.venvs import ROOT

CONFIG = "configs/cleanrl/cartpole.yaml"
QUIET = (  # the peers neither evaluate nor log nor save: leave the least that a run must do
    "evaluate.every=1.0",
    "evaluate.episodes=1",
    "evaluate.final_episodes=1",
    "log_every=1.0",
    "checkpoint_every=1.0",
)


def env_steps_per_s(lanes: int, steps: int, seed: int) -> float:
    """Returns env steps a second, summed over the lanes, each of which takes `steps` of them."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        settings = {"seed": seed, "seeds": lanes, "env_steps": steps, "threads": 1}
        overrides = [f"{key}={value}" for key, value in settings.items()]
        command = [sys.executable, "-m", "rlbatch.train", CONFIG, *overrides, *QUIET]
        done = subprocess.run(
            [*command, f"run_dir={run_dir}"],
            cwd=ROOT,
            env=one_thread(),
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise SystemExit(f"rlbatch.train: status {done.returncode}, not 0.\n{done.stderr}")
        return float(json.loads((run_dir / "summary.json").read_text())["env_steps_per_s"])
