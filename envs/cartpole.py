"""CartPole-v1 as tensors: all lanes in one step, on any device.

The cart-pole of Barto, Sutton, Anderson 1983 (https://doi.org/10.1109/TSMC.1983.6313077), with
Gymnasium's constants, Euler integration, bounds and 500-step limit; a test holds the two together
step for step. Start states are counter-based, so a lane's episodes depend on its seed alone.

    env: {plug: "envs.cartpole:CartPole"}

Gravity, pole and push can be set otherwise, to see how a policy fares where it was not trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, pi

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from envs.seeds import env_seeds
from rlbatch.contract import Space
from rlbatch.errors import require
from rlbatch.seeding import Purpose, uniform_torch
from rlbatch.types import Step

CART, POLE = 1.0, 0.1  # kg
TICK = 0.02  # s
MAX_X, MAX_ANGLE = 2.4, 12 * 2 * pi / 360  # m, rad
MAX_STEPS = 500
START = 0.05  # start states are uniform in ±START


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """What may be perturbed; Gymnasium's where left alone."""

    gravity: float = 9.8  # m/s²
    half_length: float = 0.5  # m, of the pole
    force: float = 10.0  # N, of a push

    def __post_init__(self) -> None:
        for name in ("gravity", "half_length", "force"):
            value = getattr(self, name)
            require(0.0 < value < inf, f"env.{name}", "a finite number above 0", value)


GYMNASIUM = Physics()


class CartPole:
    """L × E carts; the state is float64 as Gymnasium's, observations are float32.

    Args:
        seeds: one a lane.
        per_lane: carts a lane.
        device: where they live.
        gravity: m/s².
        half_length: of the pole, m.
        force: of a push, N.

    Raises:
        ConfigError: a gravity, length or force that is not a finite number above 0.
    """

    def __init__(
        self,
        *,
        seeds: Sequence[int],
        per_lane: int,
        device: torch.device,
        gravity: float = GYMNASIUM.gravity,
        half_length: float = GYMNASIUM.half_length,
        force: float = GYMNASIUM.force,
    ) -> None:
        self.physics = Physics(gravity=gravity, half_length=half_length, force=force)
        high = np.array([2 * MAX_X, np.inf, 2 * MAX_ANGLE, np.inf], np.float32)
        self.obs_space: Space = spaces.Box(-high, high)
        self.action_space: Space = spaces.Discrete(2)
        self._seeds = torch.from_numpy(env_seeds(seeds, per_lane)).to(device)  # [L, E]
        self.state = torch.zeros((*self._seeds.shape, 4), dtype=torch.float64, device=device)
        self.steps = torch.zeros_like(self._seeds)  # into the episode
        self.episode = torch.zeros_like(self._seeds)

    def reset(self) -> Tensor:
        """Starts every cart's first episode; obs `[L, E, 4]`."""
        self.episode.zero_()
        self.steps.zero_()
        self.state = self._starts()
        return self.state.float()

    def step(self, action: Tensor) -> Step:
        """Takes int64 actions `[L, E]`, 0 left, 1 right."""
        self.state = after(self.state, action, self.physics)
        self.steps += 1
        x, angle = self.state[..., 0], self.state[..., 2]
        terminated = (x.abs() > MAX_X) | (angle.abs() > MAX_ANGLE)
        truncated = self.steps >= MAX_STEPS
        next_obs = self.state.float()
        reward = torch.ones_like(x, dtype=torch.float32)
        obs = self._restart(terminated | truncated, next_obs)
        return Step(obs, reward, terminated, truncated, next_obs)

    def _restart(self, ended: Tensor, next_obs: Tensor) -> Tensor:
        if ended.device.type == "cpu" and not ended.any():
            return next_obs
        self.episode += ended
        self.steps = torch.where(ended, 0, self.steps)
        self.state = torch.where(ended[..., None], self._starts(), self.state)
        return self.state.float()

    def _starts(self) -> Tensor:
        """Start states `[L, E, 4]` of the current episodes."""
        return (uniform_torch(self._seeds, Purpose.RESET, self.episode, 4) * 2.0 - 1.0) * START


def after(state: Tensor, action: Tensor, physics: Physics = GYMNASIUM) -> Tensor:
    """The state `[..., 4]` (x, ẋ, θ, θ̇) one tick after pushing left (0) or right (1)."""
    _, speed, angle, spin = state.unbind(-1)
    push = action * (2.0 * physics.force) - physics.force
    cos, sin = angle.cos(), angle.sin()
    moment, total = POLE * physics.half_length, POLE + CART
    thrust = (push + moment * spin.square() * sin) / total
    lever = physics.half_length * (4.0 / 3.0 - POLE * cos.square() / total)
    spin_rate = (physics.gravity * sin - cos * thrust) / lever
    acceleration = thrust - moment * spin_rate * cos / total
    return state + TICK * torch.stack((speed, acceleration, spin, spin_rate), -1)
