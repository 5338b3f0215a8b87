"""A tiny frozen state, and a tiny config in a working directory of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.dqn import DQN
from envs.cartpole import CartPole
from rlbatch.probe.state import Frozen
from rlbatch.probe.throughput import Pace
from rlbatch.train import Evaluation, Learn, Trainer, TrainSettings

TINY = """\
env: {plug: "envs.cartpole:CartPole"}
agent: {plug: "agents.dqn:DQN", hidden: [8]}
seed: 3
seeds: 2
env_steps: 200
learn: {start: 20, every: 2, count: 1}
replay: {capacity: 128}
batch: {schedule: {kind: fixed, rows: 16}, reference: 16}
learner: {lr: 1e-3}
evaluate: {every: 0.5, episodes: 1, final_episodes: 1, max_length: 20}
device: cpu
threads: 1
"""


def trained(steps: int = 80, agent: Any = None, **settings: Any) -> Trainer:
    """Two lanes of CartPole after so many env steps."""
    small: dict[str, Any] = {
        "seed": 3,
        "seeds": 2,
        "env_steps": 1000,
        "learn": Learn(start=20, every=2),
        "evaluate": Evaluation(every=1.0, episodes=1, final_episodes=1, max_length=20),
        "log_every": 0.08,
    }
    trainer = Trainer(TrainSettings(**(small | settings)), agent or DQN(hidden=(8,)), CartPole)
    for _ in trainer.records():
        if trainer.lanes.now >= steps:
            break
    return trainer


@pytest.fixture(scope="session")
def usual() -> Trainer:
    """One for all tests that leave it as it was."""
    return trained()


@pytest.fixture
def make_frozen(usual: Trainer) -> Iterator[Callable[..., Frozen]]:
    """A frozen state of two lanes; settings of the run may be given."""
    point = usual.learner.state_dict()
    yield lambda **settings: Frozen(trained(**settings) if settings else usual, 64)
    usual.learner.load_state_dict(point)


@pytest.fixture
def make_trainer() -> Callable[..., Trainer]:
    """What becomes a frozen state."""
    return trained


@pytest.fixture
def pace() -> Callable[[int, float], Pace]:
    """A pace of which only the size and the rows/s count."""
    return lambda rows, rows_per_s: Pace(rows, 1, 1.0, rows_per_s, 0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with tiny.yaml; modules loaded from it do not outlive the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
