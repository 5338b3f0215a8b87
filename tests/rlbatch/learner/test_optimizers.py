"""Each lane's optimiser is torch's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlbatch.learner import AdamSettings, SGDSettings
from rlbatch.learner.optimizers import Adam, Optimizer, optimizer_for

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
