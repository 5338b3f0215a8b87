"""What holds for every environment in tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from envs.acrobot import Acrobot
from envs.cartpole import CartPole
from envs.mountain_car import MountainCar
from envs.tensor import State, TensorLanes
from rlbatch.contract import TensorEnv, VectorEnv
from rlbatch.types import Step

CPU = torch.device("cpu")
Kind = Any  # a class of environments

kinds = pytest.mark.parametrize("kind", [CartPole, Acrobot, MountainCar])


def begun(kind: Kind, seeds: Sequence[int] = (1, 2, 3), per_lane: int = 4) -> TensorLanes:
    """Environments of which the e-th of every lane is cut e + 1 steps from now, and so on."""
    env: TensorLanes = kind(seeds=seeds, per_lane=per_lane, device=CPU)
    env.reset()
    motion, steps, episode = env.state
    env.state = State(motion, steps + env.time_limit - 1 - torch.arange(per_lane), episode)
    return env


def random_actions(env: TensorLanes, num: int, lead: Sequence[int] = (3, 4)) -> Tensor:
    most = int(env.action_space.n)  # type: ignore[attr-defined]
    return torch.randint(most, (num, *lead), generator=torch.Generator().manual_seed(7))


def same(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    """To the bit, the kinds of the numbers too."""
    pairs = zip(one, other, strict=True)
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs)


def history(env: TensorLanes, pick: Callable[[Tensor], Tensor], num: int) -> list[Tensor]:
    """All that some environments tell while every environment takes the same actions."""
    told = []
    for action in random_actions(env, num, (1, 1)):
        told += [pick(column) for column in env.step(action.expand(env.state[1].shape))]
    return told


@kinds
def test_it_is_a_tensor_env(kind: Kind) -> None:
    env = begun(kind)
    assert isinstance(env, VectorEnv)
    assert isinstance(env, TensorEnv)


@kinds
def test_dtypes_and_shapes_are_those_of_the_contract(kind: Kind) -> None:
    env: TensorLanes = kind(seeds=[1, 2], per_lane=3, device=CPU)
    obs, step = env.reset(), env.step(torch.zeros((2, 3), dtype=torch.int64))
    wanted = (2, 3, *(env.obs_space.shape or ()))
    assert obs.shape == step.obs.shape == step.next_obs.shape == wanted
    assert step.reward.shape == step.terminated.shape == step.truncated.shape == (2, 3)
    assert {obs.dtype, step.obs.dtype, step.next_obs.dtype, step.reward.dtype} == {torch.float32}
    assert step.terminated.dtype == step.truncated.dtype == torch.bool
    assert [own.dtype for own in env.state] == [torch.float64, torch.int64, torch.int64]


@kinds
def test_advance_is_step_to_the_bit_and_leaves_its_input_as_it_was(kind: Kind) -> None:
    env, ends = begun(kind), 0
    for action in random_actions(env, 30):
        given, kept = env.state, [own.clone() for own in env.state]
        state, told = env.advance(given, action)
        assert env.state is given
        assert same(given, kept)
        assert same(told, env.step(action))
        assert same(state, env.state)
        assert same(given, kept)
        ends += int((told.terminated | told.truncated).sum())
    assert ends >= 12


@kinds
def test_starts_from_numbers_drawn_ahead_are_the_same(kind: Kind) -> None:
    env = begun(kind)
    numbers, first = env.numbers(30), env.state[2]
    for action in random_actions(env, 30):
        nth = (env.state[2] - first)[..., None, None].expand(3, 4, 1, env.draws)
        state, told = env.advance(env.state, action, numbers.gather(2, nth)[:, :, 0])
        assert same(told, env.step(action))
        assert same(state, env.state)
    assert (env.state[2] > first).all()


@kinds
def test_advance_is_traced_and_the_trace_gives_the_same(kind: Kind) -> None:
    env = begun(kind)
    first, *rest = random_actions(env, 6)
    traced = make_fx(lambda state, action: env.advance(state, action))(env.state, first)
    for action in rest:
        state, told = traced(env.state, action)
        assert same(told, env.step(action))
        assert same(state, env.state)


@kinds
def test_a_lane_lives_what_it_would_live_alone(kind: Kind) -> None:
    together = history(begun(kind, [1, 2, 3]), lambda column: column[1], 40)
    alone = history(begun(kind, [2]), lambda column: column[0], 40)
    assert same(together, alone)


@kinds
def test_the_first_environments_of_a_lane_do_not_depend_on_how_many_follow(kind: Kind) -> None:
    many = history(begun(kind, [1], 6), lambda column: column[0, :2], 40)
    few = history(begun(kind, [1], 2), lambda column: column[0], 40)
    assert same(many, few)


@kinds
def test_an_end_begins_the_next_episode_and_touches_no_neighbour(kind: Kind) -> None:
    env = begun(kind, [1], 2)
    action = torch.zeros((1, 2), dtype=torch.int64)
    first, moved = env.state[0], env.moved(env.state[0], action)
    step = env.step(action)
    motion, steps, episode = env.state
    assert step.truncated.tolist() == [[True, False]]
    assert [steps.tolist(), episode.tolist()] == [[[0, env.time_limit - 1]], [[1, 0]]]
    assert torch.equal(step.next_obs, env.observed(moved))
    assert torch.equal(step.obs, env.observed(motion))
    assert torch.equal(motion[0, 1], moved[0, 1])
    assert not torch.isin(motion[0, 0, 0], torch.stack((first, moved))).any()


@kinds
def test_a_step_that_was_told_is_not_changed_by_the_next(kind: Kind) -> None:
    env = begun(kind)
    actions = random_actions(env, 20)
    steps = [env.step(action) for action in actions[:10]]
    kept = [Step(*(column.clone() for column in step)) for step in steps]
    for action in actions[10:]:
        env.step(action)
    env.reset()
    assert all(map(same, steps, kept))


@kinds
def test_seeds_environments_and_episodes_differ_and_a_reset_begins_again(kind: Kind) -> None:
    env = begun(kind, [1, 2], 2)
    first = env.reset()
    env.state = State(env.state[0], env.state[1] + env.time_limit - 1, env.state[2])
    second = env.step(torch.zeros((2, 2), dtype=torch.int64)).obs
    starts = torch.cat((first, second)).reshape(8, -1)
    assert len({tuple(start.tolist()) for start in starts}) == 8
    assert torch.equal(env.reset(), first)
    assert not env.state[1].any()


@kinds
def test_observations_stay_within_their_space(kind: Kind) -> None:
    env = begun(kind)
    for action in random_actions(env, 60):
        step = env.step(action)
        seen = torch.stack((step.obs, step.next_obs)).reshape(24, -1).numpy()
        assert all(env.obs_space.contains(np.asarray(own)) for own in seen)
