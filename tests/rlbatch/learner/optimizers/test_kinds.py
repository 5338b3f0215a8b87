"""What holds for every kind: torch's own lane by lane, lanes apart, memory that a jump fits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor

from agents.dqn import DQN
from rlbatch.learner import (
    AdamSettings,
    AdamWSettings,
    LAMBSettings,
    LARSSettings,
    Learner,
    LearnerSettings,
    OptimizerSettings,
    RMSPropSettings,
    SGDSettings,
)
from rlbatch.learner.optimizers import optimizer_for
from rlbatch.replay import ReplayBuffer

Reference = Callable[[list[Tensor], float], torch.optim.Optimizer]
Copied = Callable[[dict[str, Tensor]], dict[str, Tensor]]

SHAPES = [(3, 2), (3,), (1, 3)]
ALL = torch.ones(3, dtype=torch.bool)
TORCHS: dict[str, tuple[OptimizerSettings, Reference]] = {
    "adam": (AdamSettings(), lambda p, lr: torch.optim.Adam(p, lr)),
    "adam with other constants": (
        AdamSettings(beta1=0.5, beta2=0.9, eps=1e-3),
        lambda p, lr: torch.optim.Adam(p, lr, (0.5, 0.9), 1e-3),
    ),
    "adamw": (AdamWSettings(), lambda p, lr: torch.optim.AdamW(p, lr)),
    "adamw with other constants": (
        AdamWSettings(beta1=0.5, beta2=0.9, eps=1e-3, weight_decay=0.5),
        lambda p, lr: torch.optim.AdamW(p, lr, (0.5, 0.9), 1e-3, 0.5),
    ),
    "sgd": (SGDSettings(), lambda p, lr: torch.optim.SGD(p, lr)),
    "momentum": (SGDSettings(momentum=0.9), lambda p, lr: torch.optim.SGD(p, lr, 0.9)),
    "nesterov with decay": (
        SGDSettings(momentum=0.5, nesterov=True, weight_decay=0.1),
        lambda p, lr: torch.optim.SGD(p, lr, 0.5, weight_decay=0.1, nesterov=True),
    ),
    "rmsprop": (
        RMSPropSettings(),
        lambda p, lr: torch.optim.RMSprop(p, lr, 0.95, 0.003, centered=True),
    ),
    "rmsprop not centred": (
        RMSPropSettings(alpha=0.9, eps=1e-8, centered=False),
        lambda p, lr: torch.optim.RMSprop(p, lr, 0.9, 1e-8),
    ),
    "rmsprop with momentum": (
        RMSPropSettings(alpha=0.9, eps=1e-3, momentum=0.8),
        lambda p, lr: torch.optim.RMSprop(p, lr, 0.9, 1e-3, momentum=0.8, centered=True),
    ),
    "rmsprop with momentum, not centred": (
        RMSPropSettings(momentum=0.8, centered=False),
        lambda p, lr: torch.optim.RMSprop(p, lr, 0.95, 0.003, momentum=0.8),
    ),
}
EVERY: dict[str, OptimizerSettings] = {
    **{name: settings for name, (settings, _) in TORCHS.items()},
    "lars": LARSSettings(weight_decay=0.1),
    "lars without momentum": LARSSettings(momentum=0.0),
    "lamb": LAMBSettings(weight_decay=0.1),
}


def by_torch(reference: Reference, start: Tensor, grads: Tensor, lr: float) -> Tensor:
    """Where torch's optimiser takes one lane."""
    weights = start.clone().requires_grad_()
    optimizer = reference([weights], lr)
    for grad in grads:
        weights.grad = grad.clone()
        optimizer.step()
    return weights.detach()


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("name", TORCHS)
def test_twenty_steps_equal_torchs_in_every_lane_without_those_that_it_misses(
    name: str, start: Tensor, grads: Tensor, lr: Tensor
) -> None:
    settings, reference = TORCHS[name]
    flat = start.clone()
    optimizer = optimizer_for(settings, flat)
    for step, grad in enumerate(grads):
        optimizer.step(flat, grad.clone(), lr, torch.tensor([True, step % 2 == 1, True]))
    for lane, taken in enumerate((grads, grads[1::2], grads)):
        wanted = by_torch(reference, start[lane], taken[:, lane], lr[lane].item())
        torch.testing.assert_close(flat[lane], wanted, rtol=2e-6, atol=1e-6)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("before", [0, 1])
def test_a_lane_that_is_not_ok_stays_to_the_bit_even_where_its_gradient_is_nan(
    name: str, before: int, start: Tensor, grads: Tensor, lr: Tensor, copied: Copied
) -> None:
    flat, (first, second) = start.clone(), grads[:2].clone()
    optimizer = optimizer_for(EVERY[name], flat, SHAPES)
    if before:
        optimizer.step(flat, first, lr, ALL)
    kept, remembered = flat.clone(), copied(optimizer.state)
    second[1] = torch.nan
    optimizer.step(flat, second, lr, torch.tensor([True, False, True]))
    assert torch.equal(flat[1], kept[1])
    assert all(torch.equal(own[1], remembered[key][1]) for key, own in optimizer.state.items())
    assert all(value.isfinite().all() for value in (flat, *optimizer.state.values()))
    assert not any(torch.equal(flat[lane], kept[lane]) for lane in (0, 2))


@pytest.mark.parametrize("name", EVERY)
def test_memory_has_a_row_a_lane_and_is_zero_at_first(name: str, start: Tensor) -> None:
    optimizer = optimizer_for(EVERY[name], start, SHAPES)
    assert optimizer.lanes == 3
    assert all(len(value) == 3 and value.ndim == 2 for value in optimizer.state.values())
    assert not any(value.any() for value in optimizer.state.values())


@pytest.mark.parametrize("name", EVERY)
def test_a_rate_of_zero_moves_nothing(name: str, start: Tensor, grads: Tensor, lr: Tensor) -> None:
    flat = start.clone()
    optimizer_for(EVERY[name], flat, SHAPES).step(flat, grads[0], lr * 0.0, ALL)
    assert torch.equal(flat, start)


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop not centred", "lamb"])
def test_rescale_divides_the_square_and_leaves_the_rest(
    name: str, start: Tensor, grads: Tensor, lr: Tensor, copied: Copied
) -> None:
    optimizer = optimizer_for(EVERY[name], start, SHAPES)
    optimizer.step(start, grads[0], lr, ALL)
    before = copied(optimizer.state)
    optimizer.rescale(torch.tensor([4.0, 1.0, 0.25], dtype=torch.float64))
    wanted = before | {"square": before["square"] / torch.tensor([[4.0], [1.0], [0.25]])}
    assert all(torch.equal(own, wanted[key]) for key, own in optimizer.state.items())


@pytest.mark.parametrize("name", ["momentum", "lars"])
def test_rescale_changes_nothing_without_a_second_moment(
    name: str, start: Tensor, grads: Tensor, lr: Tensor, copied: Copied
) -> None:
    optimizer = optimizer_for(EVERY[name], start, SHAPES)
    optimizer.step(start, grads[0], lr, ALL)
    before = copied(optimizer.state)
    optimizer.rescale(torch.tensor([4.0, 1.0, 0.25], dtype=torch.float64))
    assert all(torch.equal(own, before[key]) for key, own in optimizer.state.items())


def learner(settings: OptimizerSettings, seeds: list[int]) -> tuple[Learner, ReplayBuffer]:
    """A learner at lr 0.5, and a buffer of 50 rows a lane."""
    box, moves = spaces.Box(-1.0, 1.0, (4,), np.float32), spaces.Discrete(3)
    buffer = ReplayBuffer(50, box, moves, len(seeds), seed=seeds)
    draw = [np.random.default_rng(seed) for seed in seeds]
    obs, next_obs = (np.stack([d.normal(size=(50, 4)) for d in draw]) for _ in range(2))
    action = np.stack([d.integers(3, size=50) for d in draw])
    reward, ended = obs[..., 0], obs[..., 1] > 1.0
    buffer.add(obs, action, reward, next_obs, ended, ended & False)
    own = LearnerSettings(lr=0.5, optimizer=settings)
    return Learner(DQN(hidden=(8,)), box, moves, seeds=seeds, settings=own), buffer


def test_a_learner_tells_its_optimiser_where_its_layers_lie() -> None:
    """‖Δθ‖ = lr · η ‖θ‖ in every matrix."""
    learns, buffer = learner(LARSSettings(trust=0.01, momentum=0.0), [4, 5])
    before = learns.online.flat.clone()
    learns.update(buffer.sample(16))
    moved = learns.online.named_views(learns.online.flat - before)
    matrices = {k: v for k, v in learns.online.named_views(before).items() if v.ndim == 3}
    assert len(matrices) == 2
    for name, weights in matrices.items():
        found, wanted = (torch.linalg.matrix_norm(own) for own in (moved[name], weights))
        torch.testing.assert_close(found, 0.5 * 0.01 * wanted, rtol=1e-4, atol=0.0)


@pytest.mark.parametrize("name", ["adamw", "rmsprop", "lars", "lamb"])
def test_a_lane_learns_what_it_learns_alone(name: str) -> None:
    (together, rows), (alone, own) = learner(EVERY[name], [4, 5]), learner(EVERY[name], [5])
    for _ in range(10):
        together.update(rows.sample(16), lr=1e-2)
        alone.update(own.sample(16), lr=1e-2)
    torch.testing.assert_close(together.online.flat[1], alone.online.flat[0], rtol=0.0, atol=1e-5)
