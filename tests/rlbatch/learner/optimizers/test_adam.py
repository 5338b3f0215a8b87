"""Adam where torch has no answer: constants that move from step to step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from rlbatch.learner import AdamSettings
from rlbatch.learner.optimizers import Adam, Betas

ALL = torch.ones(3, dtype=torch.bool)


def constant(beta1: float, beta2: float, eps: float) -> Betas:
    """One lane's constants."""
    return Betas(*(torch.tensor([number], dtype=torch.float64) for number in (beta1, beta2, eps)))


MOVING = [constant(0.9, 0.999, 1e-8)] * 6 + [constant(0.6, 0.996, 0.1)] * 6
MOVING += [constant(0.0, 0.9, 1e-3)] * 3 + [constant(0.97, 0.5, 1e-8)] * 5


def by_formula(grads: Tensor, plan: list[Betas], lr: float) -> npt.NDArray[np.float64]:
    """Adam in float64 as its paper has it, but that 1 − βᵗ is 1 − Πβ; from θ = 1."""
    theta = np.ones(grads.shape[1])
    m, v, lost1, lost2 = np.zeros_like(theta), np.zeros_like(theta), 1.0, 1.0
    for g, betas in zip(grads.numpy().astype(np.float64), plan, strict=True):
        beta1, beta2, eps = (number.item() for number in betas)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        lost1, lost2 = lost1 * beta1, lost2 * beta2
        theta -= lr * (m / (1 - lost1)) / (np.sqrt(v / (1 - lost2)) + eps)
    return theta


@pytest.mark.usefixtures("path")
def test_adam_corrects_its_bias_by_the_weights_really_lost_while_beta_moves(
    grads: Tensor, lr: Tensor
) -> None:
    flat = torch.ones(1, 12)
    optimizer = Adam(AdamSettings(), flat)
    for grad, betas in zip(grads[:, 1:2], MOVING, strict=True):
        optimizer.step(flat, grad.clone(), lr[1:2], ALL[:1], betas)
    wanted = by_formula(grads[:, 1], MOVING, lr[1].item())
    assert np.abs(flat[0].numpy() - wanted).max() <= 1e-6


def test_adams_first_step_is_the_rate_whatever_the_gradients_size(lr: Tensor) -> None:
    flat = torch.zeros(3, 1)
    grad = torch.tensor([[1e-3], [-7.0], [1e3]])
    Adam(AdamSettings(), flat).step(flat, grad, lr, ALL)
    assert flat[:, 0].tolist() == pytest.approx([-0.1, 0.01, -0.001], rel=1e-4)


def test_a_beta_of_zero_remembers_nothing(grads: Tensor, lr: Tensor) -> None:
    flat = torch.ones(3, 12)
    optimizer = Adam(AdamSettings(beta1=0.0, beta2=0.0), flat)
    for grad in (grads + grads.sign())[:3]:  # none near ε
        before = flat.clone()
        optimizer.step(flat, grad.clone(), lr, ALL)
        assert torch.allclose(before - flat, lr.float()[:, None] * grad.sign(), atol=1e-6)
    assert all(value.isfinite().all() for value in optimizer.state.values())
