"""Small trainers, and small configs in a working directory of their own."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.dqn import DQN
from envs.cartpole import CartPole
from rlbatch.train import Evaluation, Learn, Trainer, TrainSettings
from rlbatch.train.__main__ import main
from rlbatch.types import Batch

SMALL: dict[str, Any] = {
    "seed": 3,
    "seeds": 2,
    "env_steps": 100,
    "learn": Learn(start=20, every=2),
    "evaluate": Evaluation(every=0.5, episodes=2, final_episodes=2, max_length=40),
    "log_every": 0.1,
}
PROBE = """\
env: {plug: "envs.cartpole:CartPole"}
agent: {plug: "agents.dqn:DQN", hidden: [8]}
seed: 3
seeds: 2
env_steps: 100
learn: {start: 20, every: 2, count: 1}
batch: {schedule: {kind: epsilon, explore: 4, exploit: 16}}
evaluate: {every: 0.5, episodes: 2, final_episodes: 3, max_length: 40}
log_every: 0.1
device: cpu
threads: 1
"""


@pytest.fixture(scope="session")
def make_trainer() -> Callable[..., Trainer]:
    """A trainer of two lanes over 100 env steps, CartPole unless another env is given."""

    def make(env: Any = CartPole, agent: Any = None, per_lane: int = 1, **settings: Any) -> Trainer:
        told = TrainSettings(**(SMALL | settings))
        return Trainer(told, agent or DQN(hidden=(8,)), env, per_lane=per_lane)

    return make


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[Trainer], list[Batch]]:
    """A list that grows by every batch that a trainer's buffer gives to learn from."""

    def note(trainer: Trainer) -> list[Batch]:
        batches: list[Batch] = []

        def noting(draw: Callable[..., Batch]) -> Callable[..., Batch]:
            def noted(*told: Any) -> Batch:
                batches.append(draw(*told))
                return batches[-1]

            return noted

        for name in ("sample", "whole"):
            monkeypatch.setattr(trainer.buffer, name, noting(getattr(trainer.buffer, name)))
        return batches

    return note


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with probe.yaml; modules loaded from it do not outlive the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "probe.yaml").write_text(PROBE, encoding="utf-8")
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def train(here: Path) -> Callable[..., int]:
    """The train command on probe.yaml, in this process; gives back its exit status."""
    return lambda *arguments: main(["probe.yaml", *arguments])


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of probe.yaml's run with these overrides, made once; for tests that only read."""

    @functools.cache
    def run(*overrides: str) -> Path:
        place = tmp_path_factory.mktemp("trained")
        (place / "probe.yaml").write_text(PROBE, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "path", list(sys.path))
            assert main([str(place / "probe.yaml"), f"run_dir={place / 'run'}", *overrides]) == 0
        return place / "run"

    return run


@pytest.fixture(scope="session")
def finished(trained: Callable[..., Path]) -> Path:
    """The folder of probe.yaml's run, for tests that only read."""
    return trained()
