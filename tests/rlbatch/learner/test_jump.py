"""What a jump of B does to the optimiser's memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from agents.dqn import DQN
from envs.cartpole import CartPole
from rlbatch.errors import ConfigError
from rlbatch.learner import AdamSettings, Learner, LearnerSettings, SGDSettings
from rlbatch.learner.jump import fit_memory
from rlbatch.learner.optimizers import Optimizer, optimizer_for

RATIO = np.array([4.0, 1.0, 0.25])
LR = torch.full((3,), 0.1, dtype=torch.float64)
ALL = torch.ones(3, dtype=torch.bool)
ADAM, MOMENTUM = AdamSettings(beta2=0.9), SGDSettings(momentum=0.9)


def taken(settings: Any, steps: int = 5) -> tuple[Optimizer, Tensor]:
    """An optimiser after some steps of noise, and the parameters `[3, 5]`."""
    flat, noise = torch.zeros(3, 5), torch.Generator().manual_seed(1)
    optimizer = optimizer_for(settings, flat)
    for _ in range(steps):
        optimizer.step(flat, torch.randn(3, 5, generator=noise), LR, ALL)
    return optimizer, flat


def copied(optimizer: Optimizer) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in optimizer.state.items()}


def changed(optimizer: Optimizer, before: dict[str, Tensor]) -> dict[str, list[bool]]:
    """For each part of the memory: which lanes are not what they were, to the bit?"""
    return {
        name: [not torch.equal(value[k], before[name][k]) for k in range(3)]
        for name, value in optimizer.state.items()
    }


@pytest.mark.parametrize("settings", [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_keep_changes_nothing(settings: Any) -> None:
    optimizer, _ = taken(settings)
    before = copied(optimizer)
    fit_memory(optimizer, RATIO, "keep")
    assert not any(map(any, changed(optimizer, before).values()))


def test_rescale_divides_adams_second_moment_and_leaves_the_rest() -> None:
    optimizer, _ = taken(ADAM)
    before = copied(optimizer)
    fit_memory(optimizer, RATIO, "rescale")
    moved = changed(optimizer, before)
    assert moved == {"mean": [False] * 3, "square": [True, False, True], "zero": [False] * 3}
    wanted = before["square"] / torch.tensor([[4.0], [1.0], [0.25]])
    assert torch.equal(optimizer.state["square"], wanted)


def test_rescale_takes_the_second_moment_where_noise_would_bring_it() -> None:
    flat, draw = torch.zeros(2, 20_000), torch.Generator().manual_seed(1)
    optimizer, grads = optimizer_for(ADAM, flat), torch.randn(60, 2, 20_000, generator=draw)
    rows = torch.tensor([[16.0], [64.0]])
    for grad in grads:
        optimizer.step(flat, grad / rows.sqrt(), LR[:2], ALL[:2])
    fit_memory(optimizer, np.array([4.0, 1.0]), "rescale")
    small, large = optimizer.state["square"].mean(1).tolist()
    assert small == pytest.approx(large, rel=0.02)


def test_rescale_changes_nothing_for_sgd() -> None:
    optimizer, _ = taken(MOMENTUM)
    before = copied(optimizer)
    fit_memory(optimizer, RATIO, "rescale")
    assert changed(optimizer, before) == {"velocity": [False] * 3}


@pytest.mark.parametrize("settings", [ADAM, MOMENTUM], ids=["adam", "momentum"])
def test_reset_makes_a_lane_step_as_if_for_the_first_time(settings: Any) -> None:
    optimizer, flat = taken(settings)
    before = copied(optimizer)
    fit_memory(optimizer, RATIO, "reset")
    assert all(lanes == [True, False, True] for lanes in changed(optimizer, before).values())
    flat.zero_()
    fresh, other = optimizer_for(settings, flat.clone()), flat.clone()
    grad = torch.linspace(-1.0, 1.0, 15).reshape(3, 5)
    optimizer.step(flat, grad.clone(), LR, ALL)
    fresh.step(other, grad.clone(), LR, ALL)
    assert [torch.equal(flat[k], other[k]) for k in range(3)] == [True, False, True]


def test_plain_sgd_has_nothing_to_fit() -> None:
    optimizer, _ = taken(SGDSettings())
    fit_memory(optimizer, RATIO, "reset")
    assert optimizer.state == {}


def test_a_learner_jumps_with_its_optimiser() -> None:
    env = CartPole(seeds=[1, 2, 3], per_lane=1, device=torch.device("cpu"))
    settings = LearnerSettings(optimizer=ADAM)
    learns = Learner(DQN(), env.obs_space, env.action_space, seeds=[1, 2, 3], settings=settings)
    learns.optimizer.state["square"].fill_(1.0)
    learns.jump(RATIO, "rescale")
    assert learns.state_dict()["optimizer.square"][:, 0].tolist() == [0.25, 1.0, 4.0]


@pytest.mark.parametrize(
    ("ratio", "how", "message"),
    [
        (RATIO, "forget", r"^learner\.jump: expected keep, rescale or reset, got forget\.$"),
        (RATIO[:2], "reset", r"^learner\.jump: expected \[3\] ratios > 0, got "),
        (RATIO * 0.0, "rescale", r"^learner\.jump: expected \[3\] ratios > 0, got "),
        (RATIO * np.inf, "rescale", r"^learner\.jump: expected \[3\] ratios > 0, got "),
        (RATIO * np.nan, "keep", r"^learner\.jump: expected \[3\] ratios > 0, got "),
    ],
)
def test_a_jump_that_cannot_be_meant_is_refused(ratio: Any, how: Any, message: str) -> None:
    optimizer, _ = taken(ADAM)
    with pytest.raises(ConfigError, match=message):
        fit_memory(optimizer, ratio, how)
