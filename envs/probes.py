"""Environments so small that every Q value is known: they tell which part of a learner is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from gymnasium import spaces
from torch import Tensor

from rlbatch.contract import Space
from rlbatch.types import Step


class TwoStep:
    """Room 0, then room 1, where action 1 earns 1 and action 0 nothing, and the episode ends.

        Q(0, ·) = γ     Q(1, 0) = 0     Q(1, 1) = 1

    A learner that bootstraps past the end, or forgets γ, is seen at once.
    """

    def __init__(self, *, seeds: Sequence[int], per_lane: int, device: torch.device) -> None:
        self.obs_space: Space = spaces.Discrete(2)
        self.action_space: Space = spaces.Discrete(2)
        self._room = torch.zeros((len(seeds), per_lane), dtype=torch.int64, device=device)

    @staticmethod
    def q_values(gamma: float) -> list[list[float]]:
        """`[2 rooms, 2 actions]` under the best policy."""
        return [[gamma, gamma], [0.0, 1.0]]

    def reset(self) -> Tensor:
        """Everyone in room 0; obs `[L, E]`."""
        self._room = torch.zeros_like(self._room)
        return self._room

    def step(self, action: Tensor) -> Step:
        """Takes int64 actions `[L, E]`."""
        terminated = self._room == 1
        reward = (terminated & (action == 1)).float()
        next_obs = torch.ones_like(self._room)
        self._room = 1 - self._room
        return Step(self._room, reward, terminated, torch.zeros_like(terminated), next_obs)


class Endless:
    """One room, reward 1 for ever, cut by a time limit every `LIMIT` steps.

        Q = 1 / (1 − γ)

    A learner that takes the time limit for an end finds less.
    """

    LIMIT = 5  # env steps

    def __init__(self, *, seeds: Sequence[int], per_lane: int, device: torch.device) -> None:
        self.obs_space: Space = spaces.Discrete(1)
        self.action_space: Space = spaces.Discrete(2)
        self._steps = torch.zeros((len(seeds), per_lane), dtype=torch.int64, device=device)

    @staticmethod
    def q_values(gamma: float) -> list[list[float]]:
        """`[1 room, 2 actions]`."""
        return [[1.0 / (1.0 - gamma)] * 2]

    def reset(self) -> Tensor:
        """Obs `[L, E]`, all 0."""
        self._steps = torch.zeros_like(self._steps)
        return torch.zeros_like(self._steps)

    def step(self, action: Tensor) -> Step:
        """Takes int64 actions `[L, E]`."""
        self._steps = self._steps + 1
        truncated = self._steps >= self.LIMIT
        self._steps = torch.where(truncated, 0, self._steps)
        room = torch.zeros_like(action)
        return Step(room, torch.ones_like(room).float(), truncated & False, truncated, room)
