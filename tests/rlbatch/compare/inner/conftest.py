"""Finished runs, small enough to be made in the tests, and probe sets written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from rlbatch.compare.built import Built
from rlbatch.compare.inner import ProbeSet, collect, states
from rlbatch.config import build, read
from rlbatch.train.__main__ import main

CONFIG = """\
env: {plug: "envs.cartpole:CartPole"}
agent: {plug: "agents.dqn:DQN", hidden: [8]}
seed: 3
seeds: 2
env_steps: 400
learn: {start: 20, every: 2, count: 1}
batch: {schedule: {kind: fixed, rows: 16}, reference: 16}
evaluate: {every: 0.5, episodes: 2, final_episodes: 2, max_length: 60}
checkpoint_every: 0.25
log_every: 0.25
device: cpu
threads: 1
"""
Run = tuple[Path, Built]


@pytest.fixture(scope="session", autouse=True)
def short_walks() -> Iterator[None]:
    """Policies walk 200 env steps where 1000 show no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(states, "WALK", 200)
        yield


@pytest.fixture(scope="session")
def make_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Trains CONFIG with overrides; gives the run folder and what its config says."""

    def make(*overrides: str) -> Run:
        place = tmp_path_factory.mktemp("inner")
        (place / "probe.yaml").write_text(CONFIG, encoding="utf-8")
        run = place / "run"
        assert main([str(place / "probe.yaml"), f"run_dir={run}", *overrides]) == 0
        return run, build(read(run / "config.yaml", []), "probe")

    return make


@pytest.fixture(scope="session")
def finished(make_run: Callable[..., Run]) -> Run:
    """Two lanes of CartPole, 400 env steps each; only to be read."""
    return make_run()


@pytest.fixture(scope="session")
def collected(finished: Run) -> ProbeSet:
    """The probe set of that run."""
    run, built = finished
    return collect(built, run, 60)


@pytest.fixture
def two_step() -> ProbeSet:
    """The transitions of the TwoStep environment at γ = 0.5, each action once in each room."""
    return ProbeSet(
        obs=torch.tensor([0, 0, 1, 1]),
        action=torch.tensor([0, 1, 0, 1]),
        reward=torch.tensor([0.0, 0.0, 0.0, 1.0]),
        next_obs=torch.tensor([1, 1, 1, 1]),
        discount=torch.tensor([0.5, 0.5, 0.0, 0.0]),
    )
