"""What the peers that step Gymnasium's environments share: seeds, one thread, returns."""

from __future__ import annotations

import random
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from benchmarks.workers import training_preset as preset
from benchmarks.workers.training_run import Run


def prepare(run: Run) -> None:
    """Seeds the libraries and holds torch to one thread."""
    torch.set_num_threads(1)
    random.seed(run.seed)
    np.random.seed(run.seed)  # noqa: NPY002 - the generator that the peers draw from
    torch.manual_seed(run.seed)


class Episodes:
    """Environments, watched only where a run tells its returns: watching costs time."""

    def __init__(self, run: Run) -> None:
        self.returns: list[float] = []  # of the episodes that have ended
        self._watching = run.learning

    def make(self) -> gym.Env[Any, Any]:
        """A new environment of the preset."""
        return self.watched(gym.make(preset.ENV))

    def watched(self, env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        """The environment, or one that writes down its returns."""
        return Watched(env, self.returns) if self._watching else env


class Watched(gym.Wrapper[Any, Any, Any, Any]):
    """Appends the undiscounted return of each episode that ends to a list."""

    def __init__(self, env: gym.Env[Any, Any], returns: list[float]) -> None:
        super().__init__(env)
        self.returns, self.total = returns, 0.0

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        self.total = 0.0
        return super().reset(**options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        answer = super().step(action)
        self.total += float(answer[1])
        if answer[2] or answer[3]:
            self.returns.append(self.total)
        return answer
