"""Each lane's optimiser is torch's own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from rlbatch.learner import AdamSettings, SGDSettings
from rlbatch.learner.optimizers import Adam, Betas, Optimizer, optimizer_for

Settings = AdamSettings | SGDSettings
Reference = Callable[[list[Tensor], float], torch.optim.Optimizer]

LR = torch.tensor([1e-1, 1e-2, 1e-3], dtype=torch.float64)
ALL = torch.ones(3, dtype=torch.bool)
CASES: list[tuple[Settings, Reference]] = [
    (AdamSettings(), lambda p, lr: torch.optim.Adam(p, lr)),
    (
        AdamSettings(beta1=0.5, beta2=0.9, eps=1e-3),
        lambda p, lr: torch.optim.Adam(p, lr, (0.5, 0.9), 1e-3),
    ),
    (SGDSettings(), lambda p, lr: torch.optim.SGD(p, lr)),
    (SGDSettings(momentum=0.9), lambda p, lr: torch.optim.SGD(p, lr, 0.9)),
]
NAMES = ["adam", "adam with other constants", "sgd", "momentum"]


def gradients(steps: int) -> Tensor:
    """`[T, 3, 5]`, of a different size in each lane."""
    noise = torch.randn(steps, 3, 5, generator=torch.Generator().manual_seed(1))
    return noise * torch.tensor([0.01, 1.0, 3.0])[:, None]


def by_torch(reference: Reference, start: Tensor, grads: Tensor, lr: float) -> Tensor:
    """Where torch's optimiser takes one lane."""
    weights = start.clone().requires_grad_()
    optimizer = reference([weights], lr)
    for grad in grads:
        weights.grad = grad.clone()
        optimizer.step()
    return weights.detach()


def memory(optimizer: Optimizer, lane: int) -> list[Tensor]:
    return [value[lane].clone() for value in optimizer.state.values()]


@pytest.mark.parametrize(("settings", "reference"), CASES, ids=NAMES)
def test_fifty_steps_equal_torchs_lane_by_lane(settings: Settings, reference: Reference) -> None:
    flat, grads = torch.ones(3, 5), gradients(50)
    optimizer = optimizer_for(settings, flat)
    for grad in grads:
        optimizer.step(flat, grad.clone(), LR, ALL)
    for lane in range(3):
        wanted = by_torch(reference, torch.ones(5), grads[:, lane], LR[lane].item())
        assert (flat[lane] - wanted).abs().max() <= 1e-6


@pytest.mark.parametrize(("settings", "reference"), CASES, ids=NAMES)
def test_a_lane_that_misses_steps_equals_torchs_without_them(
    settings: Settings, reference: Reference
) -> None:
    flat, grads = torch.ones(3, 5), gradients(20)
    optimizer = optimizer_for(settings, flat)
    for step, grad in enumerate(grads):
        optimizer.step(flat, grad.clone(), LR, torch.tensor([True, step % 3 == 1, False]))
    wanted = by_torch(reference, torch.ones(5), grads[1::3, 1], LR[1].item())
    assert (flat[1] - wanted).abs().max() <= 1e-6
    assert torch.equal(flat[2], torch.ones(5))


@pytest.mark.parametrize("settings", [settings for settings, _ in CASES], ids=NAMES)
def test_a_lane_that_is_not_ok_stays_to_the_bit_even_where_its_gradient_is_nan(
    settings: Settings,
) -> None:
    flat, (first, second) = torch.ones(3, 5), gradients(2)
    optimizer = optimizer_for(settings, flat)
    optimizer.step(flat, first, LR, ALL)
    kept, remembered = flat[1].clone(), memory(optimizer, 1)
    second[1] = torch.nan
    optimizer.step(flat, second, LR, torch.tensor([True, False, True]))
    assert torch.equal(flat[1], kept)
    assert all(map(torch.equal, memory(optimizer, 1), remembered))
    assert flat.isfinite().all()


def test_a_rate_of_zero_moves_nothing() -> None:
    flat = torch.ones(3, 5)
    optimizer_for(AdamSettings(), flat).step(flat, gradients(1)[0], LR * 0.0, ALL)
    assert torch.equal(flat, torch.ones(3, 5))


def test_adams_first_step_is_the_rate_whatever_the_gradients_size() -> None:
    flat = torch.zeros(3, 1)
    grad = torch.tensor([[1e-3], [-7.0], [1e3]])
    optimizer_for(AdamSettings(), flat).step(flat, grad, LR, ALL)
    assert flat[:, 0].tolist() == pytest.approx([-0.1, 0.01, -0.001], rel=1e-4)


def test_adam_takes_the_same_path_on_every_device(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there, grads = torch.ones(3, 5), torch.ones(3, 5), gradients(50)
    on_cpu, elsewhere = (Adam(AdamSettings(), flat) for flat in (here, there))
    monkeypatch.setattr(elsewhere, "_in_one_pass", elsewhere._by_tensors)
    for step, grad in enumerate(grads):
        ok = torch.tensor([True, step % 2 == 0, step > 9])
        on_cpu.step(here, grad.clone(), LR, ok)
        elsewhere.step(there, grad.clone(), LR, ok)
    assert (here - there).abs().max() <= 1e-6


def constant(beta1: float, beta2: float, eps: float) -> Betas:
    """One lane's constants."""
    return Betas(*(torch.tensor([number], dtype=torch.float64) for number in (beta1, beta2, eps)))


MOVING = [constant(0.9, 0.999, 1e-8)] * 7 + [constant(0.6, 0.996, 0.1)] * 7
MOVING += [constant(0.0, 0.9, 1e-3)] * 3 + [constant(0.97, 0.5, 1e-8)] * 7


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


@pytest.mark.parametrize("device", ["cpu", "others"])
def test_adam_corrects_its_bias_by_the_weights_really_lost_while_beta_moves(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat, grads = torch.ones(1, 5), gradients(24)[:, 1:2]
    optimizer = Adam(AdamSettings(), flat)
    if device == "others":
        monkeypatch.setattr(optimizer, "_in_one_pass", optimizer._by_tensors)
    for grad, betas in zip(grads, MOVING, strict=True):
        optimizer.step(flat, grad.clone(), LR[1:2], ALL[:1], betas)
    wanted = by_formula(grads[:, 0], MOVING, LR[1].item())
    assert np.abs(flat[0].numpy() - wanted).max() <= 1e-6


def test_a_beta_of_zero_remembers_nothing() -> None:
    flat, grads = torch.ones(3, 5), gradients(3)
    optimizer = Adam(AdamSettings(beta1=0.0, beta2=0.0), flat)
    for grad in grads:
        before = flat.clone()
        optimizer.step(flat, grad.clone(), LR, ALL)
        assert torch.allclose(before - flat, LR.float()[:, None] * grad.sign(), atol=1e-6)
    assert all(value.isfinite().all() for value in optimizer.state.values())


def test_constants_of_their_own_are_made_ready_once_while_they_stay_the_same_object() -> None:
    flat, betas = torch.ones(1, 5), constant(0.5, 0.9, 1e-3)
    optimizer, ready = Adam(AdamSettings(), flat), []
    for told in (betas, betas, None, None, betas):
        optimizer.step(flat, torch.ones(1, 5), LR[:1], ALL[:1], told)
        ready.append(optimizer._now)
    assert ready[0] is ready[1]
    assert ready[2] is ready[3]
    assert ready[1] is not ready[2]
    assert torch.equal(ready[0].logs, ready[4].logs)
