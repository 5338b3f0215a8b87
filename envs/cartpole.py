"""CartPole-v1 as tensors: all lanes in one step, on any device.

The cart-pole of Barto, Sutton, Anderson 1983 (https://doi.org/10.1109/TSMC.1983.6313077), with
Gymnasium's constants, Euler integration, bounds and 500-step limit; a test holds the two together
step for step.

    env: {plug: "envs.cartpole:CartPole"}

Gravity, pole and push can be set otherwise, to see how a policy fares where it was not trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from envs.tensor import TensorLanes, refuse_senseless

CART, POLE = 1.0, 0.1  # kg
TICK = 0.02  # s
MAX_X, MAX_ANGLE = 2.4, 12 * 2 * pi / 360  # m, rad
START = 0.05  # starts are uniform in ±START


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """What may be perturbed; Gymnasium's where left alone."""

    gravity: float = 9.8  # m/s²
    half_length: float = 0.5  # m, of the pole
    force: float = 10.0  # N, of a push

    def __post_init__(self) -> None:
        refuse_senseless(self)


GYMNASIUM = Physics()


class CartPole(TensorLanes):
    """L × E carts that earn 1 a step while they stay up.

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

    time_limit = 500
    draws = 4

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
        box, actions = spaces.Box(-high, high), spaces.Discrete(2)
        super().__init__(box, actions, seeds=seeds, per_lane=per_lane, device=device)

    def moved(self, motion: Tensor, action: Tensor) -> Tensor:
        """One tick after pushing left (0) or right (1)."""
        return after(motion, action, self.physics)

    def terminated(self, motion: Tensor) -> Tensor:
        """Off the track, or the pole too far down."""
        return (motion[..., 0].abs() > MAX_X) | (motion[..., 2].abs() > MAX_ANGLE)

    def reward(self, terminated: Tensor) -> Tensor:
        """Always 1."""
        return torch.ones_like(terminated, dtype=torch.float32)

    def observed(self, motion: Tensor) -> Tensor:
        """The motion itself."""
        return motion.float()

    def start(self, uniform: Tensor) -> Tensor:
        """Near upright, near the middle, nearly at rest."""
        return (uniform * 2.0 - 1.0) * START


def after(motion: Tensor, action: Tensor, physics: Physics = GYMNASIUM) -> Tensor:
    """The motion `[..., 4]` (x, ẋ, θ, θ̇) one tick after pushing left (0) or right (1)."""
    _, speed, angle, spin = motion.unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    moment, total = POLE * physics.half_length, POLE + CART
    swing = moment * spin.square() * sin
    # adds ±force in float64: an integer tensor times a float alone would be float32
    thrust = torch.add(swing, action - 0.5, alpha=2.0 * physics.force) / total
    lever = physics.half_length * (4.0 / 3.0 - POLE * cos.square() / total)
    spin_rate = (physics.gravity * sin - cos * thrust) / lever
    acceleration = thrust - moment * spin_rate * cos / total
    return motion + TICK * torch.stack((speed, acceleration, spin, spin_rate), -1)
