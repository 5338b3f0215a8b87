"""Lanes whose numbers differ: each learns what it learns alone with its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents.dqn import DQN
from rlbatch.errors import ConfigError
from rlbatch.learner import (
    AdamSettings,
    HardTarget,
    Learner,
    LearnerSettings,
    PolyakTarget,
    SGDSettings,
)
from rlbatch.replay import ReplayBuffer

OBS = spaces.Box(-np.inf, np.inf, (4,), np.float32)
ACTIONS = spaces.Discrete(3)
S = LearnerSettings


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


def learner(seeds: Sequence[int], settings: S | Sequence[S]) -> Learner:
    return Learner(DQN(hidden=(8,)), OBS, ACTIONS, seeds=seeds, settings=settings)


def trained(seeds: Sequence[int], settings: S | Sequence[S], updates: int = 100) -> Learner:
    buffer, learns = frozen(seeds), learner(seeds, settings)
    for update in range(updates):
        learns.update(buffer.sample(16), env_step=update)
    return learns


def hard(period: int) -> HardTarget:
    return HardTarget(period=period)


def polyak(tau: float) -> PolyakTarget:
    return PolyakTarget(tau=tau)


MOMENTUM = SGDSettings(momentum=0.9)


@pytest.mark.parametrize(
    "own",
    [
        [S(lr=lr) for lr in (1e-3, 1e-2, 0.0)],
        [S(lr=lr, optimizer=MOMENTUM, clip_norm=1.0) for lr in (1e-2, 1e-3, 0.0)],
        [S(lr=1e-2, optimizer=MOMENTUM, clip_norm=norm) for norm in (0.01, None, 1.0)],
        [S(lr=1e-2, target=hard(period)) for period in (7, 30, 1000)],
        [S(lr=1e-2, target=polyak(tau)) for tau in (0.5, 0.01, 1.0)],
        [
            S(lr=1e-3, clip_norm=0.5, target=hard(9)),
            S(lr=1e-2, clip_norm=9.0, target=hard(9)),
            S(lr=1e-2, clip_norm=None, target=hard(20)),
        ],
    ],
    ids=["lr", "lr of sgd", "clip_norm", "target_period", "tau", "several"],
)
def test_a_lane_learns_what_it_learns_alone_with_its_own_numbers(own: list[S]) -> None:
    seeds = [4, 4, 5]
    together = trained(seeds, own)
    for k, seed in enumerate(seeds):
        alone = trained([seed], own[k])
        assert (together.online.flat[k] - alone.online.flat[0]).abs().max() <= 1e-5
        assert (together.target.flat[k] - alone.target.flat[0]).abs().max() <= 1e-5
    assert (together.online.flat[0] - together.online.flat[1]).abs().max() > 1e-3


def test_lanes_of_one_seed_start_from_the_same_weights() -> None:
    learns = learner([4, 4, 5], [S(lr=0.1), S(lr=0.2), S(lr=0.1)])
    assert torch.equal(learns.online.flat[0], learns.online.flat[1])
    assert not torch.equal(learns.online.flat[0], learns.online.flat[2])


def test_settings_that_agree_are_those_of_one_for_all() -> None:
    own = S(lr=1e-2, clip_norm=1.0, target=hard(7))
    listed, shared = trained([4, 5], [own, own], 20), trained([4, 5], own, 20)
    assert torch.equal(listed.online.flat, shared.online.flat)
    assert torch.equal(listed.target.flat, shared.target.flat)


def test_rates_told_at_an_update_come_before_the_lanes_own() -> None:
    learns, buffer = learner([4, 4], [S(lr=0.1), S(lr=0.0)]), frozen([4, 4])
    before = learns.online.flat.clone()
    learns.update(buffer.sample(8), lr=np.array([0.0, 0.1]))
    assert torch.equal(learns.online.flat[0], before[0])
    assert not torch.equal(learns.online.flat[1], before[1])
    learns.update(buffer.sample(8))
    assert not torch.equal(learns.online.flat[0], before[0])


def test_measuring_td_errors_changes_nothing() -> None:
    learns, buffer = learner([4, 5], S(lr=0.1)), frozen([4, 5])
    before = learns.state_dict()
    mean = learns.td_error(buffer.sample(8, 0))
    assert mean.shape == (2,)
    assert (mean > 0.0).all()
    assert all(torch.equal(own, before[name]) for name, own in learns.state_dict().items())


def test_a_td_error_is_the_mean_over_a_lanes_own_rows() -> None:
    learns, buffer = learner([4, 5], S()), frozen([4, 5])
    padded, tight = buffer.sample([3, 9], 0), buffer.sample(3, 0)
    means = [float(learns.td_error(batch)[0]) for batch in (padded, tight)]
    assert means[0] == pytest.approx(means[1], rel=1e-6)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ([S()] * 2, r"learner\.settings: expected one for all lanes or 3, got 2"),
        ([], r"learner\.settings: expected one for all lanes or 3, got 0"),
        ([S(), S(), S(optimizer=SGDSettings())], r"learner\.optimizer: expected the same"),
        ([S(), S(), S(optimizer=AdamSettings(eps=1e-3))], r"learner\.optimizer: expected the same"),
        ([S(), S(target=polyak(0.1)), S()], r"learner\.target: .*got \['hard', 'polyak'\]"),
    ],
)
def test_lanes_that_cannot_learn_side_by_side_are_refused(own: list[S], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        learner([4, 5, 6], own)
