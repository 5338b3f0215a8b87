"""Acrobot-v1 as tensors: all lanes in one step, on any device.

Two links that hang from a fixed joint; a motor between them must swing the tip one link's length
above that joint. Sutton 1996, "Generalization in Reinforcement Learning: Successful Examples Using
Sparse Coarse Coding" (https://papers.nips.cc/paper/1109-generalization-in-reinforcement-learning-successful-examples-using-sparse-coarse-coding),
with the equations of Sutton and Barto's book (http://incompleteideas.net/book/the-book-2nd.html)
and Gymnasium's constants, fourth-order Runge-Kutta, bounds and 500-step limit; a test holds the two
together step for step.

    env: {plug: "envs.acrobot:Acrobot"}

Gravity and links can be set otherwise, to see how a policy fares where it was not trained.
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

INERTIA = 1.0  # kg m², of each link
TICK = 0.2  # s
MAX_SPINS = 4 * pi, 9 * pi  # rad/s, of the first joint and the second
TURN = 2 * pi  # rad
START = 0.1  # starts are uniform in ±START


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """What may be perturbed; Gymnasium's where left alone. Moments of inertia stay 1 kg m²."""

    gravity: float = 9.8  # m/s²
    length: float = 1.0  # m, of each link, its centre of mass half-way
    mass: float = 1.0  # kg, of each link

    def __post_init__(self) -> None:
        refuse_senseless(self)

    @property
    def half(self) -> float:
        """½ m l², kg m²."""
        return self.mass * self.length**2 / 2.0


GYMNASIUM = Physics()


class Acrobot(TensorLanes):
    """L × E acrobots that earn -1 a step until the tip is up, and 0 for the step that brings it up.

    Args:
        seeds: one a lane.
        per_lane: acrobots a lane.
        device: where they live.
        gravity: m/s².
        length: of each link, m; the tip must rise one length above the fixed joint.
        mass: of each link, kg.

    Raises:
        ConfigError: a gravity, length or mass that is not a finite number above 0.
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
        length: float = GYMNASIUM.length,
        mass: float = GYMNASIUM.mass,
    ) -> None:
        self.physics = Physics(gravity=gravity, length=length, mass=mass)
        high = np.array([1.0, 1.0, 1.0, 1.0, *MAX_SPINS], np.float32)
        box, actions = spaces.Box(-high, high), spaces.Discrete(3)
        super().__init__(box, actions, seeds=seeds, per_lane=per_lane, device=device)

    def moved(self, motion: Tensor, action: Tensor) -> Tensor:
        """One tick under a torque of -1 (0), 0 (1) or 1 N m (2)."""
        return after(motion, action, self.physics)

    def terminated(self, motion: Tensor) -> Tensor:
        """The tip is more than one link's length above the fixed joint."""
        first, second = motion[..., 0], motion[..., 1]
        return first.cos() + (first + second).cos() < -1.0

    def reward(self, terminated: Tensor) -> Tensor:
        """-1, and 0 at the end."""
        return terminated.float() - 1.0

    def observed(self, motion: Tensor) -> Tensor:
        """cos θ₁, sin θ₁, cos θ₂, sin θ₂, θ̇₁, θ̇₂."""
        angles, spins = torch.split(motion, 2, -1)
        points = torch.stack((angles.cos(), angles.sin()), -1).flatten(-2)
        return torch.cat((points, spins), -1).float()

    def start(self, uniform: Tensor) -> Tensor:
        """Hanging, nearly at rest."""
        return (uniform * 2.0 - 1.0) * START


def after(motion: Tensor, action: Tensor, physics: Physics = GYMNASIUM) -> Tensor:
    """The motion `[..., 4]` (θ₁, θ₂, θ̇₁, θ̇₂) one tick under a torque of -1, 0 or 1 N m.

    θ₁ is the first link's angle from hanging, θ₂ the second's from the first; in [-π, π] both.
    """
    torque = (action.double() - 1.0) / physics.half
    k1 = rates(motion, torque, physics)
    k2 = rates(motion + TICK / 2.0 * k1, torque, physics)
    k3 = rates(motion + TICK / 2.0 * k2, torque, physics)
    k4 = rates(motion + TICK * k3, torque, physics)
    moved = motion + TICK / 6.0 * (k1 + 2.0 * (k2 + k3) + k4)
    angles, spins = torch.split(moved, 2, -1)
    first, second = (spins[..., i].clamp(-most, most) for i, most in enumerate(MAX_SPINS))
    angles = angles - TURN * (angles / TURN).round()
    return torch.cat((angles, torch.stack((first, second), -1)), -1)


def rates(motion: Tensor, torque: Tensor, physics: Physics) -> Tensor:
    """dθ₁, dθ₂, dθ̇₁ and dθ̇₂ by dt, `[..., 4]`: the book's equations divided by ½ m l².

        d₂ = i + cos θ₂       φ₂ = ω² sin(θ₁ + θ₂)
        d₁ = 2 d₂ + 2         φ₁ = φ₂ + 3 ω² sin θ₁ - sin θ₂ θ̇₂ (θ̇₂ + 2 θ̇₁)
        θ̈₂ = (τ + d₂/d₁ φ₁ - sin θ₂ θ̇₁² - φ₂) / (i - d₂²/d₁)
        θ̈₁ = -(d₂ θ̈₂ + φ₁) / d₁

    with ω² = g/l and i = (I + ¼ m l²) / ½ m l²; torque `[...]` is τ, so divided.
    """
    first, second, first_spin, second_spin = motion.unbind(-1)
    pull, inertia = physics.gravity / physics.length, INERTIA / physics.half + 0.5
    d2, sin = second.cos() + inertia, second.sin()
    d1 = 2.0 * d2 + 2.0
    phi2 = pull * (first + second).sin()
    phi1 = phi2 + 3.0 * pull * first.sin() - sin * second_spin * (second_spin + 2.0 * first_spin)
    share = d2 / d1
    driven = torque + share * phi1 - sin * first_spin.square() - phi2
    second_rate = driven / (inertia - share * d2)
    first_rate = -(d2 * second_rate + phi1) / d1
    return torch.stack((first_spin, second_spin, first_rate, second_rate), -1)
