"""Compiled steps are the steps that would be taken one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agents.dqn import DQN
from envs.acrobot import Acrobot
from envs.cartpole import CartPole
from envs.mountain_car import MountainCar
from rlbatch.learner import Learner
from rlbatch.train.acting import rollout as rollouts
from rlbatch.train.acting.actor import Actor
from rlbatch.train.acting.rollout import MOST, Rollout, ahead, column_of, stride

SEEDS, EACH, STEPS = (3, 4), 2, 2
CPU = torch.device("cpu")


def test_a_rollout_is_its_steps_one_by_one() -> None:
    one, many = (CartPole(seeds=SEEDS, per_lane=EACH, device=CPU) for _ in range(2))
    learner = Learner(DQN(hidden=(8,)), one.obs_space, one.action_space, seeds=SEEDS)
    actor = Actor(learner.values, SEEDS, EACH, 2)
    rollout = Rollout(many, learner.values_of, SEEDS, EACH, 2, STEPS)
    obs, now, ended = one.reset(), 0, 0
    assert torch.equal(many.reset(), obs)
    acting = obs
    for _ in range(40):
        rates = [np.array([[0.2], [0.9 - 0.1 * t]]) for t in range(STEPS)]
        taken, acting = rollout(learner.online.flat, acting, column_of(rates), now)
        for t in range(STEPS):
            action = actor.act(obs, rates[t], now)
            step = one.step(action)
            assert taken.action[t].tolist() == action.tolist()
            np.testing.assert_allclose(taken.obs[t], obs, atol=1e-6)
            np.testing.assert_allclose(taken.next_obs[t], step.next_obs, atol=1e-6)
            assert taken.terminated[t].tolist() == step.terminated.tolist()
            assert taken.truncated[t].tolist() == step.truncated.tolist()
            assert taken.reward[t].tolist() == step.reward.tolist()
            obs, now, ended = step.obs, now + EACH, ended + int(step.terminated.sum())
    assert ended > 4
    np.testing.assert_allclose(acting, obs, atol=1e-6)


@pytest.mark.parametrize(
    ("every", "per_lane", "steps"), [(10, 1, 5), (2, 1, 2), (256, 1, 4), (16, 8, 2), (7, 1, 1)]
)
def test_a_stride_leaves_no_remainder(every: int, per_lane: int, steps: int) -> None:
    assert stride(every, per_lane) == steps
    assert stride(every, per_lane) == 1 or every % (steps * per_lane) == 0


def test_a_stride_does_not_pass_a_boundary() -> None:
    assert ahead(0, 1, (10, 4)) == 4
    assert ahead(8, 1, (10, 20)) == 2
    assert ahead(8, 4, (10, 100)) == 1  # half a step of all four would do


class Pair:
    """The same environments twice: to roll in, and to step in one by one."""

    def __init__(self, make: Any, steps: int, each: int = EACH) -> None:
        self.steps, self.each = steps, each
        self.one, self.many = (make(seeds=SEEDS, per_lane=each, device=CPU) for _ in range(2))
        self.obs = self.acting = self.one.reset()
        self.many.reset()
        spaces = self.one.obs_space, self.one.action_space
        self.learner = Learner(DQN(hidden=(8,)), *spaces, seeds=SEEDS)
        self.actor = Actor(self.learner.values, SEEDS, each, spaces[1].n)
        self.rollout = Rollout(self.many, self.learner.values_of, SEEDS, each, spaces[1].n, steps)

    def go(self, rates: list[Any], now: int) -> int:
        """Rolls once, and compares; returns how many episodes ended."""
        flat = self.learner.online.flat
        taken, self.acting = self.rollout(flat, self.acting, column_of(rates), now)
        ended = 0
        for t in range(self.steps):
            action = self.actor.act(self.obs, rates[t], now + t * self.each)
            step = self.one.step(action)
            wanted = (
                (taken.obs, self.obs),
                (taken.action, action),
                (taken.reward, step.reward),
                (taken.next_obs, step.next_obs),
                (taken.terminated, step.terminated),
                (taken.truncated, step.truncated),
            )
            for mine, theirs in wanted:
                np.testing.assert_allclose(mine[t], theirs, atol=1e-6)
            ended += int((step.terminated | step.truncated).sum())
            self.obs = step.obs
        for mine, theirs in zip(self.many.state, self.one.state, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=0.0, atol=1e-12)
        np.testing.assert_allclose(self.acting, self.obs, atol=1e-6)
        return ended


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Programs are the functions themselves; one a program made."""
    made: list[Any] = []

    def note(function: Any, example: Any, **options: int) -> Any:
        made.append(function)
        return function

    monkeypatch.setattr(rollouts, "compiled", note)
    return made


@pytest.mark.parametrize("make", [CartPole, Acrobot, MountainCar])
@pytest.mark.parametrize("steps", [1, 5])
def test_a_rollout_of_any_environment_is_its_steps(
    programs: list[Any], make: Any, steps: int
) -> None:
    pair = Pair(make, steps)
    for k in range(4):
        pair.go([0.5 - 0.1 * k] * steps, k * steps * EACH)
    assert len(programs) == 1


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0, np.array([[0.0], [1.0]])])
def test_exploration_is_the_actors_whatever_the_rate(programs: list[Any], rate: Any) -> None:
    pair = Pair(CartPole, 4)
    ended = sum(pair.go([rate] * 4, 1000 + k * 4 * EACH) for k in range(12))
    assert ended >= 4


def test_episodes_end_in_the_middle_of_a_rollout_at_their_time_limit_too(
    programs: list[Any],
) -> None:
    pair = Pair(CartPole, 4)
    for env in (pair.one, pair.many):
        env.state = env.state._replace(steps=env.state.steps + torch.tensor([[498, 0], [497, 499]]))
    assert pair.go([0.0] * 4, 0) >= 3
    steps = pair.many.state[1].tolist()
    assert (steps[0][0], steps[1][0], steps[1][1]) == (2, 1, 3)


def test_an_environment_that_ends_twice_in_a_rollout_starts_two_episodes(
    programs: list[Any],
) -> None:
    pair = Pair(OneStep, 3)
    assert pair.go([0.5] * 3, 0) == 3 * len(SEEDS) * EACH
    assert pair.many.state[2].tolist() == [[3, 3], [3, 3]]


class OneStep(CartPole):
    """Every episode is cut after its first step."""

    time_limit = 1


@given(st.integers(1, 300), st.integers(1, 20))
def test_a_stride_is_the_longest_that_divides_the_steps_between_updates(
    every: int, per_lane: int
) -> None:
    whole = [n for n in range(1, MOST + 1) if every % (n * per_lane) == 0]
    assert stride(every, per_lane) == max(whole, default=1)


@given(st.integers(0, 500), st.integers(1, 9), st.lists(st.integers(1, 60), min_size=1, max_size=4))
def test_ahead_counts_the_steps_until_a_boundary_is_reached_or_passed(
    now: int, per_lane: int, boundaries: list[int]
) -> None:
    steps = 1
    while all((now + steps * per_lane) // each == now // each for each in boundaries):
        steps += 1
    assert ahead(now, per_lane, boundaries) == steps


def test_a_rollout_fits_where_it_ends_at_a_boundary_or_before() -> None:
    rollout = Pair(CartPole, 3, each=2).rollout
    assert rollout.fits(0, (6, 100))
    assert rollout.fits(0, (5, 100))  # the third step passes it, as it would alone
    assert not rollout.fits(0, (4, 100))
    assert not rollout.fits(2, (6, 100))
    assert rollout.fits(6, (6, 100))


def test_rates_are_a_column_of_one_number_or_one_a_lane() -> None:
    assert column_of([0.5, 0.25]).tolist() == [[0.5], [0.25]]
    lanes = [np.array([[0.5], [0.1]]), np.array([[0.4], [0.2]])]
    assert column_of(lanes).tolist() == [[0.5, 0.1], [0.4, 0.2]]
