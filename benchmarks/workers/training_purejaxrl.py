"""Times PureJaxRL's dqn.py, vmapped over seeds, from a patched temporary copy of the script.

What changes, so that it runs under today's JAX and trains seeds that differ:
  - `jax.tree_map` is called by its name today;
  - the script makes the buffer's example with a key that it then goes on with, so all seeds start
    from the same weights and take the same random actions and rows: here they keep their own keys;
  - where returns are told, the metrics also hold which env steps ended an episode;
  - wandb is an empty module.
One program is compiled for all seeds; it runs once untimed, and the clock is around its second run,
to the end of the computation. Env steps are those of all seeds and all of their environments.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax  # type: ignore[import, unused-ignore]
import numpy as np

from benchmarks.workers import training_preset as preset
from benchmarks.workers.patches import patched
from benchmarks.workers.training_run import Run

PATCHES = {
    "jax.tree_map(": "jax.tree_util.tree_map(",
    "rng = jax.random.PRNGKey(0)": "example_key = jax.random.PRNGKey(0)",
    "basic_env.action_space().sample(rng)": "basic_env.action_space().sample(example_key)",
    "env.reset(rng, env_params)": "env.reset(example_key, env_params)",
    "env.step(rng, _env_state,": "env.step(example_key, _env_state,",
}
TOLD = 'info["returned_episode_returns"].mean()'
TELLING = {TOLD: 'info["returned_episode_returns"], "ended": info["returned_episode"]'}


def main() -> None:
    """Compiles once, runs untimed, and runs again against the clock."""
    run = Run()
    with tempfile.TemporaryDirectory() as folder:
        make_train = script(run, Path(folder)).make_train
        keys = jax.random.split(jax.random.PRNGKey(run.seed), run.seeds)
        began = time.perf_counter()
        program = jax.jit(jax.vmap(make_train(config(run)))).lower(keys).compile()
        compile_s = time.perf_counter() - began
    if not run.learning:
        jax.block_until_ready(program(keys))
    run.begin()
    trained = jax.block_until_ready(program(keys))
    run.end()
    metrics = {name: np.asarray(own) for name, own in trained["metrics"].items()}
    taken = int(metrics["timesteps"][:, -1].sum())  # [seeds, loop]
    run.report(taken, returns(metrics) if run.learning else (), compile_s)


def script(run: Run, folder: Path) -> ModuleType:
    """The patched script as a module."""
    sys.modules["wandb"] = ModuleType("wandb")
    copy = folder / "purejaxrl_dqn.py"
    patches = PATCHES | (TELLING if run.learning else {})
    copy.write_text(patched(Path(run.file).read_text(), patches, "dqn.py"))
    spec = importlib.util.spec_from_file_location(copy.stem, copy)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[copy.stem] = module  # where its dataclasses look for themselves
    spec.loader.exec_module(module)
    return module


def config(run: Run) -> dict[str, Any]:
    """The preset by the script's names."""
    return {
        "NUM_ENVS": run.envs,
        "BUFFER_SIZE": preset.CAPACITY,
        "BUFFER_BATCH_SIZE": preset.BATCH_SIZE,
        "TOTAL_TIMESTEPS": run.steps,
        "EPSILON_START": preset.EPSILON_START,
        "EPSILON_FINISH": preset.EPSILON_END,
        "EPSILON_ANNEAL_TIME": preset.EPSILON_FRACTION * run.steps,
        "TARGET_UPDATE_INTERVAL": preset.TARGET_EVERY,
        "LR": preset.LEARNING_RATE,
        "LR_LINEAR_DECAY": False,
        "LEARNING_STARTS": preset.LEARN_START,
        "TRAINING_INTERVAL": preset.LEARN_EVERY,
        "GAMMA": preset.GAMMA,
        "TAU": 1.0,
        "ENV_NAME": preset.ENV,
    }


def returns(metrics: dict[str, Any]) -> list[list[float]]:
    """Of each seed's episodes, in the order of their ends, from `[seeds, loop, envs]`."""
    told = zip(metrics["returns"], metrics["ended"], strict=True)
    return [own[ended].tolist() for own, ended in told]


if __name__ == "__main__":
    main()
