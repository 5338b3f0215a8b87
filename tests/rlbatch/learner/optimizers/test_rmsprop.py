"""RMSprop where torch has no answer: constants told, jumps of B, a variance below 0."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rlbatch.learner import RMSPropSettings
from rlbatch.learner.optimizers import Betas, RMSProp
from rlbatch.schedule import adam_constants, lr_factor

ALL = torch.ones(3, dtype=torch.bool)
RATIO = torch.tensor([4.0, 1.0, 0.25], dtype=torch.float64)


@pytest.mark.usefixtures("path")
def test_constants_told_are_those_that_settings_declare(
    start: Tensor, grads: Tensor, lr: Tensor
) -> None:
    told, declared = start.clone(), start.clone()
    one = RMSProp(RMSPropSettings(alpha=0.9, eps=1e-2), declared)
    other, numbers = RMSProp(RMSPropSettings(), told), (0.9, 0.9, 1e-2)
    betas = Betas(*(torch.full((3,), number, dtype=torch.float64) for number in numbers))
    for grad in grads[:5]:
        one.step(declared, grad, lr, ALL)
        other.step(told, grad, lr, ALL, betas)
    assert torch.equal(told, declared)


def test_rescale_divides_what_the_centred_square_has_above_the_mean(
    start: Tensor, grads: Tensor, lr: Tensor
) -> None:
    optimizer = RMSProp(RMSPropSettings(), start)
    for grad in grads:
        optimizer.step(start, grad, lr, ALL)
    square, mean = (optimizer.state[name].clone() for name in ("square", "mean"))
    optimizer.rescale(RATIO)
    assert torch.equal(optimizer.state["mean"], mean)
    assert torch.equal(optimizer.state["square"][1], square[1])
    wanted = (square - mean**2) / RATIO.float()[:, None]
    torch.testing.assert_close(optimizer.state["square"] - mean**2, wanted, rtol=1e-4, atol=1e-9)


@pytest.mark.usefixtures("path")
def test_a_variance_below_0_counts_as_0(lr: Tensor) -> None:
    """The mean stays 1, the square goes from ½ to ¾; the step is lr · g / ε."""
    flat = torch.zeros(3, 12)
    optimizer = RMSProp(RMSPropSettings(alpha=0.5, eps=0.5), flat)
    optimizer.state["mean"].fill_(1.0)
    optimizer.state["square"].fill_(0.5)
    optimizer.step(flat, torch.ones(3, 12), lr, ALL)
    torch.testing.assert_close(flat, -2.0 * lr.float()[:, None].expand(3, 12))


def spread(coupling: str, rows: int) -> tuple[float, float]:
    """Mean and deviation of 10,000 weights from 2 down ½ θ² after 3200 rows of noise 40 / √B."""
    settings, kappa = RMSPropSettings(alpha=0.99, eps=10.0), rows / 4
    theta, draw = torch.full((1, 10_000), 2.0), torch.Generator().manual_seed(rows)
    alpha, _, eps, _ = adam_constants(coupling, kappa, 0.99, 0.99, 10.0)  # type: ignore[arg-type]
    betas = Betas(*(torch.tensor([n], dtype=torch.float64) for n in (alpha, alpha, eps)))
    lr = torch.tensor([0.06 * lr_factor(coupling, rows, 4)], dtype=torch.float64)  # type: ignore[arg-type]
    optimizer = RMSProp(settings, theta)
    for _ in range(3200 // rows):
        grad = theta + 40.0 * torch.randn(1, 10_000, generator=draw) / rows**0.5
        optimizer.step(theta, grad, lr, ALL[:1], betas)
    return theta.mean().item(), theta.std().item()


def test_coupled_by_sde_four_times_the_rows_reach_the_same_distribution() -> None:
    small = spread("none", 4)
    assert spread("sde", 16) == pytest.approx(small, rel=0.03)
    assert spread("none", 16) != pytest.approx(small, rel=0.1)
