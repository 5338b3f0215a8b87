"""What environments in tensors share: a pure step, the time limit, a reset in the same step.

Start states are counter-based (`rlbatch.seeding`), so a lane's episodes depend on its seed alone,
and `advance` has no branch on a tensor: it can be traced, compiled or captured on any device.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import fields
from math import inf
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from envs.seeds import env_seeds
from rlbatch.contract import Space
from rlbatch.errors import require
from rlbatch.seeding import Purpose, uniform, uniform_ahead, uniform_torch
from rlbatch.types import Step


class State(NamedTuple):
    """All that changes in L × E environments."""

    motion: Tensor  # [L, E, n] float64, positions and velocities
    steps: Tensor  # [L, E] int64, into the episode
    episode: Tensor  # [L, E] int64, from 0


class TensorLanes(ABC):
    """L × E environments as tensors; the motion is float64, observations are float32.

    Args:
        obs_space: of one environment.
        action_space: of one environment.
        seeds: one a lane.
        per_lane: environments a lane.
        device: where they live.
    """

    time_limit: ClassVar[int]  # env steps
    draws: ClassVar[int]  # random numbers that make a start

    def __init__(
        self,
        obs_space: Space,
        action_space: Space,
        *,
        seeds: Sequence[int],
        per_lane: int,
        device: torch.device,
    ) -> None:
        self.obs_space, self.action_space = obs_space, action_space
        self._seeds = torch.from_numpy(env_seeds(seeds, per_lane)).to(device)  # [L, E]
        self.state: tuple[Tensor, ...] = self._first()

    @abstractmethod
    def moved(self, motion: Tensor, action: Tensor) -> Tensor:
        """The motion `[..., n]` one env step after int64 actions `[...]`."""

    @abstractmethod
    def terminated(self, motion: Tensor) -> Tensor:
        """Whether a motion `[..., n]` ends the episode; bool `[...]`."""

    @abstractmethod
    def reward(self, terminated: Tensor) -> Tensor:
        """Of a step that ended the episode or did not; float32 `[...]`."""

    @abstractmethod
    def observed(self, motion: Tensor) -> Tensor:
        """What an agent sees of a motion `[..., n]`; float32 `[..., *obs]`."""

    @abstractmethod
    def start(self, uniform: Tensor) -> Tensor:
        """A first motion `[..., n]` from numbers in [0, 1) `[..., draws]`."""

    def reset(self) -> Tensor:
        """Starts every environment's first episode; obs `[L, E, *obs]`."""
        self.state = state = self._first()
        return self.observed(state.motion)

    def step(self, action: Tensor) -> Step:
        """Takes int64 actions `[L, E]`: `advance`, with less work on a CPU."""
        state, step = self._taken(self.state, action)
        if step.obs.device.type != "cpu":
            state, step = self._restarted(state, step, self._uniform)
        elif (step.terminated | step.truncated).any():
            state, step = self._restarted(state, step, self._uniform_on_cpu)
        self.state = state
        return step

    def advance(
        self, state: tuple[Tensor, ...], action: Tensor, fresh: Tensor | None = None
    ) -> tuple[State, Step]:
        """The state after int64 actions `[L, E]`, and what came of them; nothing else changes.

        Args:
            state: before.
            action: int64 `[L, E]`.
            fresh: `[L, E, draws]` of `numbers`, for the next starts; None: drawn here.
        """
        draw = self._uniform if fresh is None else lambda episode: fresh
        return self._restarted(*self._taken(state, action), draw)

    def numbers(self, count: int) -> Tensor:
        """What the next `count` starts of every environment are made of, `[L, E, count, draws]`."""
        episode = self.state[2]
        if episode.device.type != "cpu":  # there, in operations that a program may contain
            ahead = torch.arange(1, count + 1, device=episode.device)
            return self._uniform(episode[..., None] + ahead)
        seeds, episodes = self._seeds.numpy(), episode.numpy()
        return torch.from_numpy(uniform_ahead(seeds, Purpose.RESET, episodes, count, self.draws))

    def _taken(self, state: tuple[Tensor, ...], action: Tensor) -> tuple[State, Step]:
        """The step as if no episode ended."""
        motion, steps, episode = state
        motion, steps = self.moved(motion, action), steps + 1
        obs, terminated = self.observed(motion), self.terminated(motion)
        truncated = steps >= self.time_limit
        step = Step(obs, self.reward(terminated), terminated, truncated, obs)
        return State(motion, steps, episode), step

    def _restarted(
        self, state: State, step: Step, draw: Callable[[Tensor], Tensor]
    ) -> tuple[State, Step]:
        """The same step with the next episode begun where one ended."""
        ended = step.terminated | step.truncated
        episode = state.episode + ended
        motion = torch.where(ended[..., None], self.start(draw(episode)), state.motion)
        steps = torch.where(ended, 0, state.steps)
        return State(motion, steps, episode), step._replace(obs=self.observed(motion))

    def _uniform(self, episode: Tensor) -> Tensor:
        """What the starts of episodes `[L, E, ...]` are made of, `[L, E, ..., draws]`."""
        seeds = self._seeds.view(*self._seeds.shape, *[1] * (episode.ndim - 2))
        return uniform_torch(seeds, Purpose.RESET, episode, self.draws)

    def _uniform_on_cpu(self, episode: Tensor) -> Tensor:
        """The same numbers out of one compiled kernel."""
        seeds, episodes = self._seeds.numpy(), episode.numpy()
        return torch.from_numpy(uniform(seeds, Purpose.RESET, episodes, self.draws))

    def _first(self) -> State:
        zeros = torch.zeros_like(self._seeds)
        return State(self.start(self._uniform(zeros)), zeros, zeros.clone())


def refuse_senseless(physics: Any) -> None:
    """Refuses settings of physics that are not finite numbers above 0.

    Raises:
        ConfigError: the first of them.
    """
    for field in fields(physics):
        value = getattr(physics, field.name)
        require(0.0 < value < inf, f"env.{field.name}", "a finite number above 0", value)
