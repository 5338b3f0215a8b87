"""Constants told at an update: per lane, as formulas say, and nothing done twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.dqn import DQN
from rlbatch.errors import ConfigError
from rlbatch.learner import (
    AdamSettings,
    Constants,
    HardTarget,
    Learner,
    LearnerSettings,
    PolyakTarget,
    SGDSettings,
)
from rlbatch.learner.constants import DECLARED, Told
from rlbatch.replay import ReplayBuffer

OBS = spaces.Box(-np.inf, np.inf, (4,), np.float32)
ACTIONS = spaces.Discrete(3)
POLYAK = LearnerSettings(lr=1e-2, target=PolyakTarget(tau=0.1))
HARD = LearnerSettings(lr=1e-2, target=HardTarget(period=8))
SEEDS = (4, 5, 6)
NUMBERS: dict[str, list[float]] = {
    "beta1": [0.9, 0.0, 0.5],
    "beta2": [0.99, 0.999, 0.7],
    "eps": [1e-8, 1e-2, 1.0],
    "tau": [0.5, 0.01, 1.0],
}


def frozen(seeds: Sequence[int]) -> ReplayBuffer:
    """A buffer of 100 rows a lane; a lane's rows and draws depend on its seed alone."""
    buffer = ReplayBuffer(100, OBS, ACTIONS, len(seeds), seed=seeds, gamma=0.9)
    draw = [np.random.default_rng(seed) for seed in seeds]
    obs, next_obs = (np.stack([d.normal(size=(100, 4)) for d in draw]) for _ in range(2))
    action = np.stack([d.integers(3, size=100) for d in draw])
    reward = np.stack([d.normal(size=100) * 2 for d in draw])
    ended = np.stack([d.random(100) < 0.2 for d in draw])
    buffer.add(obs, action, reward, next_obs, ended, ended & False)
    return buffer


def learner(seeds: Sequence[int] = SEEDS, settings: LearnerSettings = POLYAK) -> Learner:
    return Learner(DQN(hidden=(8,)), OBS, ACTIONS, seeds=seeds, settings=settings)


def trained(seeds: Sequence[int], settings: LearnerSettings, *plan: Constants | None) -> Learner:
    """After ten updates with each of the plan's constants in turn."""
    buffer, learns = frozen(seeds), learner(seeds, settings)
    for constants in plan:
        for _ in range(10):
            learns.update(buffer.sample(16), constants=constants)
    return learns


def per_lane(*names: str) -> Constants:
    return Constants(**{name: np.array(NUMBERS[name]) for name in names})


def of_lane(k: int, *names: str) -> Constants:
    return Constants(**{name: NUMBERS[name][k] for name in names})


def apart(one: Learner, k: int, other: Learner) -> float:
    pairs = ((one.online, other.online), (one.target, other.target))
    return max(float((a.flat[k] - b.flat[0]).abs().max()) for a, b in pairs)


@pytest.mark.parametrize("names", [["beta1"], ["beta2"], ["eps"], ["tau"], list(NUMBERS)])
def test_a_lane_learns_with_its_own_constants_what_it_learns_alone(names: list[str]) -> None:
    together = trained(SEEDS, POLYAK, None, per_lane(*names), None)
    for k, seed in enumerate(SEEDS):
        alone = trained([seed], POLYAK, None, of_lane(k, *names), None)
        assert apart(together, k, alone) <= 1e-5
    assert apart(together, 2, trained([SEEDS[2]], POLYAK, None, None, None)) > 1e-4


def test_constants_told_from_the_start_are_those_that_settings_declare() -> None:
    told = Constants(beta1=0.5, beta2=0.9, eps=1e-3, tau=0.3)
    settings = LearnerSettings(
        lr=1e-2,
        optimizer=AdamSettings(beta1=0.5, beta2=0.9, eps=1e-3),
        target=PolyakTarget(tau=0.3),
    )
    one, other = trained(SEEDS, POLYAK, told), trained(SEEDS, settings, None)
    assert torch.equal(one.online.flat, other.online.flat)
    assert torch.equal(one.target.flat, other.target.flat)


def test_without_constants_the_declared_ones_are_used_again() -> None:
    learns, buffer = trained(SEEDS, POLYAK, of_lane(2, *NUMBERS)), frozen(SEEDS)
    before = learns.state_dict()
    learns.update(buffer.sample(16, 99))
    after = learns.state_dict()
    zero = after["optimizer.zero"] - before["optimizer.zero"]
    assert torch.allclose(zero, torch.tensor([0.9, 0.999], dtype=torch.float64).log())
    assert torch.allclose(
        after["target"], before["target"].lerp(after["online"], 0.1), rtol=0.0, atol=1e-7
    )


def test_each_lanes_target_moves_by_the_tau_it_is_told() -> None:
    learns = learner()
    before = learns.target.flat.clone()
    learns.update(frozen(SEEDS).sample(8), constants=per_lane("tau"))
    share = torch.tensor(NUMBERS["tau"])[:, None]
    moved = before + share * (learns.online.flat - before)
    assert torch.allclose(learns.target.flat, moved, rtol=0.0, atol=1e-7)
    assert torch.equal(learns.target.flat[2], learns.online.flat[2])


def test_an_idle_lane_stays_to_the_bit_whatever_it_is_told() -> None:
    learns = trained(SEEDS, POLYAK, None)
    before = {name: value[1].clone() for name, value in learns.state_dict().items()}
    active = np.array([True, False, True])
    learns.update(frozen(SEEDS).sample(8), active=active, constants=per_lane(*NUMBERS))
    assert all(torch.equal(own[1], before[name]) for name, own in learns.state_dict().items())


def test_a_clock_twice_as_fast_copies_a_hard_target_every_half_period() -> None:
    learns, buffer, copied = learner(settings=HARD), frozen(SEEDS), []
    for env_step in range(1, 9):
        learns.update(buffer.sample(8), env_step=np.array([1.0, 2.0, 0.5]) * env_step)
        same = learns.target.flat == learns.online.flat
        copied.append(same.all(1).tolist())
    assert np.argwhere(np.array(copied)).tolist() == [[3, 1], [7, 0], [7, 1]]
    assert learns.state_dict()["synced"].dtype == torch.int64


def told() -> Told:
    return Told(AdamSettings(), 3, torch.device("cpu"), polyak=True)


def test_the_same_numbers_give_the_same_tensors() -> None:
    numbers = told()
    first = [numbers.rates([0.1] * 3), numbers.betas(per_lane("eps")), numbers.tau(per_lane("tau"))]
    again = [numbers.rates([0.1] * 3), numbers.betas(per_lane("eps")), numbers.tau(per_lane("tau"))]
    assert all(one is other for one, other in zip(first, again, strict=True))


def test_an_array_changed_in_place_is_seen() -> None:
    numbers, constants = told(), per_lane("beta1", "tau")
    numbers.betas(constants), numbers.tau(constants)
    for array in (constants.beta1, constants.tau):
        assert isinstance(array, np.ndarray)
        array[0] = 0.25
    betas, tau = numbers.betas(constants), numbers.tau(constants)
    assert betas is not None
    assert betas.beta1.tolist() == [0.25, 0.0, 0.5]
    assert isinstance(tau, torch.Tensor)
    assert tau[0, 0] == 0.25


def test_what_is_not_told_is_as_declared() -> None:
    betas = told().betas(per_lane("eps"))
    assert betas is not None
    assert betas.beta1.tolist() == [0.9] * 3
    assert betas.eps.tolist() == NUMBERS["eps"]
    assert told().betas(Constants(tau=0.1)) is None
    assert told().tau(DECLARED) is None


@pytest.mark.parametrize(
    ("settings", "constants", "message"),
    [
        (POLYAK, Constants(beta1=1.0), r"learner\.constants\.beta1: expected numbers in \[0, 1\)"),
        (POLYAK, Constants(beta2=np.array([0.5, -0.1, 0.0])), r"learner\.constants\.beta2: exp"),
        (POLYAK, Constants(eps=0.0), r"learner\.constants\.eps: expected numbers > 0, got 0"),
        (POLYAK, Constants(tau=0.0), r"learner\.constants\.tau: expected numbers in \(0, 1\]"),
        (POLYAK, Constants(tau=np.array([0.5, 1.1, 0.1])), r"learner\.constants\.tau: expected n"),
        (HARD, Constants(tau=0.5), r"learner\.constants\.tau: expected a Polyak target, got hard"),
        (
            LearnerSettings(optimizer=SGDSettings()),
            Constants(beta1=0.5),
            r"learner\.constants: expected no βs or ε for sgd",
        ),
    ],
)
def test_constants_that_cannot_be_meant_are_refused(
    settings: LearnerSettings, constants: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        learner(settings=settings).update(frozen(SEEDS).sample(8), constants=constants)
