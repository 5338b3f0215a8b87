"""ε-greedy acting depends on (seed, env step, env) alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from rlbatch.train.acting.actor import Actor

ACTIONS = 4
STEPS = 1000


def identity(obs: Tensor) -> Tensor:
    """Observations that are their own action values."""
    return obs


def best_is(action: int, lanes: int, per_lane: int = 1) -> Tensor:
    """Observations `[L, E, A]` whose best action is known."""
    return torch.eye(ACTIONS)[action].expand(lanes, per_lane, ACTIONS)


def acted(seeds: list[int], epsilon: float, per_lane: int = 1, best: int = 2) -> Tensor:
    """Actions `[STEPS, L, E]` at env steps 0, 1, ..."""
    actor, obs = Actor(identity, seeds, per_lane, ACTIONS), best_is(best, len(seeds), per_lane)
    return torch.stack([actor.act(obs, epsilon, step) for step in range(STEPS)])


def test_without_exploration_the_best_action_is_taken() -> None:
    assert (acted([3, 4], 0.0) == 2).all()


def test_at_epsilon_one_every_action_is_as_likely() -> None:
    counts = torch.bincount(acted([3, 4], 1.0, per_lane=2).flatten(), minlength=ACTIONS)
    expected = 4 * STEPS / ACTIONS
    assert len(counts) == ACTIONS
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    assert chi2 < 16.3  # three degrees of freedom, p = 0.001


def test_a_share_epsilon_of_the_actions_is_random() -> None:
    greedy = (acted([3, 4], 0.4, per_lane=2) == 2).double().mean()
    assert float(greedy) == pytest.approx(0.6 + 0.4 / ACTIONS, abs=0.03)


def test_exploring_does_not_depend_on_the_best_action() -> None:
    one, other = acted([3], 0.5, best=0), acted([3], 0.5, best=1)
    explored = one == other
    assert ((one == 0) | explored).all()
    assert ((other == 1) | explored).all()
    assert float(explored.double().mean()) == pytest.approx(0.5, abs=0.06)


def test_a_lane_among_others_acts_as_it_would_alone() -> None:
    together = acted([3, 4, 5], 0.5)
    for lane, seed in enumerate([3, 4, 5]):
        assert torch.equal(together[:, lane], acted([seed], 0.5)[:, 0])


def test_the_first_envs_of_a_lane_act_as_they_would_without_the_others() -> None:
    assert torch.equal(acted([3], 0.5, per_lane=5)[:, :, :2], acted([3], 0.5, per_lane=2))


def test_one_seed_repeats() -> None:
    assert torch.equal(acted([3], 0.5), acted([3], 0.5))


def test_two_seeds_two_envs_and_two_steps_explore_apart() -> None:
    actions = acted([3, 4], 1.0, per_lane=2)
    streams = [*actions.reshape(STEPS, -1).T, actions[:, 0, 0].roll(1)]
    for i, one in enumerate(streams):
        for other in streams[:i]:
            same = float((one == other).double().mean())
            assert same == pytest.approx(1 / ACTIONS, abs=0.06)


def test_epsilon_may_differ_by_lane() -> None:
    actor, obs = Actor(identity, [3, 4], 8, ACTIONS), best_is(2, 2, 8)
    actions = actor.act(obs, np.array([[0.0], [1.0]]), 0)
    assert (actions[0] == 2).all()
    assert torch.equal(actions[1], Actor(identity, [4], 8, ACTIONS).act(obs[:1], 1.0, 0)[0])


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 1.0])
def test_actions_are_integers_one_an_env(epsilon: float) -> None:
    actions = Actor(identity, [3, 4], 3, ACTIONS).act(best_is(2, 2, 3), epsilon, 7)
    assert (actions.dtype, actions.shape) == (torch.int64, (2, 3))
