"""Gymnasium's environment beside ours."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import Tensor

from envs.tensor import State, TensorLanes
from rlbatch.types import Step

# Sines differ in their last bit from library to library, and four Runge-Kutta stages at high speed
# make some hundred bits of one; an observation may then round the other way.
NEAR = {torch.float64: 1e-12, torch.float32: 1.2e-7, torch.bool: 0.0}  # relative


class Reference:
    """One environment of Gymnasium's, put into the state of each of ours before every step."""

    def __init__(self, ours: TensorLanes, id: str) -> None:
        self.ours, self.env = ours, gym.make(id)
        self.theirs: Any = self.env.unwrapped
        self.env.reset(seed=0)

    def compare(self, action: Tensor) -> Step:
        """Steps ours, and Gymnasium's from each of its states; all that they tell is the same."""
        before = State(*self.ours.state)
        moved = self.ours.moved(before.motion, action)
        step = self.ours.step(action)
        places = list(np.ndindex(tuple(action.shape)))
        theirs = [self.after(before.motion[at], before.steps[at], action[at]) for at in places]
        mine = moved, step.next_obs, step.reward, step.terminated, step.truncated
        for own, told in zip(mine, zip(*theirs, strict=True), strict=True):
            near = NEAR[own.dtype]
            np.testing.assert_allclose(own.flatten(0, 1), np.array(told), near, min(near, 1e-12))
        return step

    def after(self, motion: Tensor, steps: Tensor, action: Tensor) -> tuple[Any, ...]:
        """Gymnasium's motion, observation, reward and ends one step after this motion `[n]`."""
        self.theirs.state = motion.numpy().copy()
        self.env._elapsed_steps = int(steps)  # type: ignore[attr-defined]
        obs, reward, terminated, truncated, _ = self.env.step(int(action))
        moved = np.array(self.theirs.state)
        if terminated or truncated:
            self.env.reset(seed=0)
        return moved, obs, reward, terminated, truncated


@pytest.fixture
def reference() -> type[Reference]:
    return Reference
