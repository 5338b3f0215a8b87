"""Small learners, and rows to learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch.fx.experimental.proxy_tensor import make_fx

from agents.dqn import DQN
from rlbatch.learner import Learner, LearnerSettings, PolyakTarget
from rlbatch.learner.gradients import programs
from rlbatch.replay import ReplayBuffer
from rlbatch.types import Batch

OBS, ACTIONS = spaces.Box(-np.inf, np.inf, (4,), np.float32), spaces.Discrete(2)


@pytest.fixture(scope="session")
def make() -> Callable[..., Learner]:
    """A learner of a lane a seed."""

    def learner(
        seeds: Sequence[int] = (1, 2, 3), agent: Any = None, compile: bool = False, **settings: Any
    ) -> Learner:
        usual: dict[str, Any] = {"lr": 1e-2, "target": PolyakTarget(tau=0.1)}
        told = LearnerSettings(**usual | settings)
        agent = agent or DQN(hidden=(8,))
        return Learner(agent, OBS, ACTIONS, seeds=seeds, settings=told, compile=compile)

    return learner


@pytest.fixture(scope="session")
def frozen() -> Callable[..., ReplayBuffer]:
    """A buffer of 100 rows a lane; a lane's rows and draws depend on its seed alone."""

    def filled(seeds: Sequence[int] = (1, 2, 3)) -> ReplayBuffer:
        buffer = ReplayBuffer(100, OBS, ACTIONS, len(seeds), seed=seeds, gamma=0.9)
        draw = [np.random.default_rng(seed) for seed in seeds]
        obs, next_obs = (np.stack([d.normal(size=(100, 4)) for d in draw]) for _ in range(2))
        action = np.stack([d.integers(2, size=100) for d in draw])
        reward = np.stack([d.normal(size=100) * 2 for d in draw])
        ended = np.stack([d.random(100) < 0.2 for d in draw])
        buffer.add(obs, action, reward, next_obs, ended, ended & False)
        return buffer

    return filled


@pytest.fixture(scope="session")
def weighted(frozen: Callable[..., ReplayBuffer]) -> Callable[..., Batch]:
    """Rows with importance weights, so many of each lane; a copy."""

    def rows(sizes: Sequence[int], counter: int = 0) -> Batch:
        batch = frozen(range(1, len(sizes) + 1)).sample(list(sizes), counter)
        batch = Batch(*(column.clone() for column in batch))
        draw = torch.Generator().manual_seed(counter)
        weight = 0.5 + torch.rand(batch.weight.shape, generator=draw)
        return batch._replace(weight=batch.weight * weight)

    return rows


Program = Callable[..., Any]
Compile = Callable[[Program, Sequence[torch.Tensor]], Program]


def noting(compile: Compile, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """A list that grows by what each program is made for, `(l, b)`."""
    made: list[tuple[int, ...]] = []

    def note(function: Program, example: Sequence[torch.Tensor]) -> Program:
        made.append(tuple(Batch(*example[2:-2]).reward.shape))
        program, kinds = compile(function, example), shapes(example)

        def run(*arguments: torch.Tensor) -> Any:
            assert shapes(arguments) == kinds
            return program(*arguments)

        return run

    monkeypatch.setattr(programs, "compiled", note)
    return made


def shapes(tensors: Sequence[torch.Tensor]) -> list[Any]:
    return [(own.shape, own.stride()) for own in tensors]


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Programs are the functions themselves; what each was made for, `(l, b)`."""
    return noting(lambda function, example: function, monkeypatch)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Programs are recorded and not compiled; what each was made for, `(l, b)`."""
    return noting(lambda function, example: make_fx(function)(*example), monkeypatch)
