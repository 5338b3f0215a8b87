"""Compiled steps are the steps that would be taken one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents.dqn import DQN
from envs.cartpole import CartPole
from rlbatch.learner import Learner
from rlbatch.train.actor import Actor
from rlbatch.train.rollout import Rollout, ahead, column_of, stride

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
