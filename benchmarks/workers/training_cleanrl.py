"""Times CleanRL's dqn.py, run as the script it is from a patched temporary copy.

What changes, so that it runs under Gymnasium 1 and without logs:
  - `final_observation` is read as `final_obs`, its name today;
  - environments reset in the step that ends an episode, as they did in Gymnasium 0.29 for which
    the script is written; today's default has no `final_obs`, and the script would fail at the
    first time limit, and store each reset as a transition before that;
  - finished episodes are not printed (their format changed too), and scalars go nowhere.
The clock starts when the environments have been reset and stops when they are closed, which in
the script are the lines just before and after the loop.
"""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium as gym
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from benchmarks.workers import training_preset as preset
from benchmarks.workers.patches import patched
from benchmarks.workers.training_gymnasium import Episodes, prepare
from benchmarks.workers.training_run import Run

PATCHES = {
    'infos["final_observation"]': 'infos["final_obs"]',
    'if "final_info" in infos:': "if False:",
}


def main() -> None:
    """Trains once."""
    run = Run()
    prepare(run)
    episodes = Episodes(run)
    script = Path(run.file).resolve()
    sys.modules["torch.utils.tensorboard"] = silent_tensorboard()
    sys.path.insert(0, str(script.parents[1]))  # where its cleanrl_utils lies
    steps = clock(run, episodes)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "dqn.py"
        copy.write_text(patched(script.read_text(), PATCHES, "dqn.py"))
        sys.argv = ["dqn.py", *flags(run)]
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(str(copy), run_name="__main__")
    run.report(steps[0], [episodes.returns])


def flags(run: Run) -> list[str]:
    """Returns the script's arguments: the preset in full, whatever its defaults become."""
    values = {
        "env-id": preset.ENV,
        "seed": run.seed,
        "total-timesteps": run.steps,
        "learning-rate": preset.LEARNING_RATE,
        "buffer-size": preset.CAPACITY,
        "gamma": preset.GAMMA,
        "tau": 1.0,
        "target-network-frequency": preset.TARGET_EVERY,
        "batch-size": preset.BATCH_SIZE,
        "start-e": preset.EPSILON_START,
        "end-e": preset.EPSILON_END,
        "exploration-fraction": preset.EPSILON_FRACTION,
        "learning-starts": preset.LEARN_START,
        "train-frequency": preset.LEARN_EVERY,
    }
    pairs = [part for key, value in values.items() for part in (f"--{key}", str(value))]
    return [*pairs, "--no-cuda", "--no-track", "--no-capture-video", "--no-save-model"]


def clock(run: Run, episodes: Episodes) -> list[int]:
    """Puts a clock around the vector environment, and returns a cell that counts its steps."""
    steps = [0]

    class Clocked(SyncVectorEnv):
        def __init__(self, env_fns: Any) -> None:
            watched = [lambda make=make: episodes.watched(make()) for make in env_fns]
            super().__init__(watched, autoreset_mode=AutoresetMode.SAME_STEP)

        def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
            answer = super().reset(**options)
            run.begin()
            return answer

        def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
            steps[0] += 1
            return super().step(actions)

        def close(self, **options: Any) -> None:
            if run.ended == 0.0:
                run.end()
            super().close(**options)

    gym.vector.SyncVectorEnv = Clocked  # type: ignore[assignment, misc]
    return steps


def silent_tensorboard() -> ModuleType:
    """Returns a module whose SummaryWriter forgets what it is told."""

    class SummaryWriter:
        def __init__(self, *_: Any) -> None: ...
        def add_text(self, *_: Any) -> None: ...
        def add_scalar(self, *_: Any) -> None: ...
        def close(self) -> None: ...

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = SummaryWriter  # type: ignore[attr-defined]
    return module


if __name__ == "__main__":
    main()
