"""MountainCar-v0 as tensors: all lanes in one step, on any device.

A car too weak for the hill must swing in the valley first: Moore 1990, "Efficient Memory-Based
Learning for Robot Control" (https://www.cl.cam.ac.uk/techreports/UCAM-CL-TR-209.html), with
Gymnasium's constants, walls, goal and 200-step limit; a test holds the two together step for step.

    env: {plug: "envs.mountain_car:MountainCar"}

Gravity and engine can be set otherwise, to see how a policy fares where it was not trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor
from torch.nn.functional import pad

from envs.tensor import TensorLanes, refuse_senseless

LEFT, RIGHT, GOAL = -1.2, 0.6, 0.5  # positions: two walls, and the flag
MAX_SPEED = 0.07  # positions a step
START_LEFT, START_RIGHT = -0.6, -0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """What may be perturbed; Gymnasium's where left alone. Both change the speed each step."""

    gravity: float = 0.0025
    force: float = 0.001  # of the engine

    def __post_init__(self) -> None:
        refuse_senseless(self)


GYMNASIUM = Physics()


class MountainCar(TensorLanes):
    """L × E cars that pay 1 a step until they are up the right hill.

    Args:
        seeds: one a lane.
        per_lane: cars a lane.
        device: where they live.
        gravity: speed that the steepest slope takes in a step.
        force: speed that the engine gives in a step.

    Raises:
        ConfigError: a gravity or force that is not a finite number above 0.
    """

    time_limit = 200
    draws = 1

    def __init__(
        self,
        *,
        seeds: Sequence[int],
        per_lane: int,
        device: torch.device,
        gravity: float = GYMNASIUM.gravity,
        force: float = GYMNASIUM.force,
    ) -> None:
        self.physics = Physics(gravity=gravity, force=force)
        low, high = np.array([[LEFT, -MAX_SPEED], [RIGHT, MAX_SPEED]], np.float32)
        box, actions = spaces.Box(low, high), spaces.Discrete(3)
        super().__init__(box, actions, seeds=seeds, per_lane=per_lane, device=device)

    def moved(self, motion: Tensor, action: Tensor) -> Tensor:
        """One step with the engine to the left (0), off (1) or to the right (2)."""
        return after(motion, action, self.physics)

    def terminated(self, motion: Tensor) -> Tensor:
        """At the flag or past it, and not rolling back."""
        return (motion[..., 0] >= GOAL) & (motion[..., 1] >= 0.0)

    def reward(self, terminated: Tensor) -> Tensor:
        """Always -1."""
        return torch.full_like(terminated, -1.0, dtype=torch.float32)

    def observed(self, motion: Tensor) -> Tensor:
        """The motion itself."""
        return motion.float()

    def start(self, uniform: Tensor) -> Tensor:
        """At rest, near the bottom of the valley."""
        return pad(START_LEFT + (START_RIGHT - START_LEFT) * uniform, (0, 1))


def after(motion: Tensor, action: Tensor, physics: Physics = GYMNASIUM) -> Tensor:
    """The motion `[..., 2]` (x, ẋ) one step with the engine left (0), off (1) or right (2).

        ẋ' = ẋ + force · (action - 1) - gravity · cos 3x        x' = x + ẋ'

    both within their bounds; a car that runs into the left wall stops.
    """
    position, speed = motion.unbind(-1)
    slope = (3.0 * position).cos() * -physics.gravity
    # alpha keeps the sum in float64: an integer tensor times a float alone would be float32
    speed = speed + torch.add(slope, action - 1, alpha=physics.force)
    speed = speed.clamp(-MAX_SPEED, MAX_SPEED)
    position = (position + speed).clamp(LEFT, RIGHT)
    speed = torch.where((position == LEFT) & (speed < 0.0), 0.0, speed)
    return torch.stack((position, speed), -1)
