"""Coupled, two batch sizes reach the same distribution after the same rows; uncoupled, not.

20,000 weights descend ½ θ² from θ = 2, each with gradients θ + 40 ζ / √B: noise dominates.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import pytest
import torch

from rlbatch.learner import AdamSettings, SGDSettings
from rlbatch.learner.optimizers import Betas, optimizer_for
from rlbatch.schedule import Coupling, lr_factor
from rlbatch.schedule.coupled import adam_constants

WEIGHTS, REFERENCE, ROWS, NOISE = 20_000, 4, 3200, 40.0
SGD, ADAM = SGDSettings(), AdamSettings(beta1=0.8, beta2=0.998, eps=10.0)  # √v is 20 at REFERENCE
OK = torch.ones(1, dtype=torch.bool)


class Spread(NamedTuple):
    """θ over the weights at the end."""

    mean: float
    deviation: float


def one_lane(number: float) -> torch.Tensor:
    return torch.tensor([number], dtype=torch.float64)


def betas(settings: SGDSettings | AdamSettings, coupling: Coupling, rows: int) -> Betas | None:
    if isinstance(settings, SGDSettings):
        return None
    own = settings.beta1, settings.beta2, settings.eps
    return Betas(*map(one_lane, adam_constants(coupling, rows / REFERENCE, *own)[:3]))


@functools.cache
def descended(settings: SGDSettings | AdamSettings, coupling: Coupling, rows: int) -> Spread:
    """Where weights are once ROWS rows are drawn, `rows` at a time."""
    theta, draw = torch.full((1, WEIGHTS), 2.0), torch.Generator().manual_seed(rows)
    lr = one_lane((0.002 if settings is SGD else 0.06) * lr_factor(coupling, rows, REFERENCE))
    optimizer, constants = optimizer_for(settings, theta), betas(settings, coupling, rows)
    for _ in range(ROWS // rows):
        grad = theta + NOISE * torch.randn(1, WEIGHTS, generator=draw) / rows**0.5
        optimizer.step(theta, grad, lr, OK, constants)
    return Spread(theta.mean().item(), theta.std().item())


@pytest.mark.parametrize(("settings", "coupling"), [(SGD, "linear"), (ADAM, "sde")])
def test_coupled_four_times_the_rows_reach_the_same_distribution(
    settings: SGDSettings | AdamSettings, coupling: Coupling
) -> None:
    small = descended(settings, "none", REFERENCE)  # where all rules are one
    large = descended(settings, coupling, 4 * REFERENCE)
    assert large == pytest.approx(small, rel=0.03)


@pytest.mark.parametrize(
    ("settings", "coupling"),
    [(SGD, "none"), (SGD, "sqrt"), (ADAM, "none"), (ADAM, "sqrt"), (ADAM, "linear")],
)
def test_under_another_rule_they_do_not(
    settings: SGDSettings | AdamSettings, coupling: Coupling
) -> None:
    small = descended(settings, "none", REFERENCE)  # where all rules are one
    large = descended(settings, coupling, 4 * REFERENCE)
    assert large != pytest.approx(small, rel=0.1)
