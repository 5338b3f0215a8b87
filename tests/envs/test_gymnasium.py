"""Lanes of Gymnasium environments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from torch import Tensor

from envs.gymnasium import GymnasiumLanes, SeededResets, make
from envs.seeds import env_seeds
from rlbatch.contract import VectorEnv
from rlbatch.errors import ConfigError, PlugError
from rlbatch.types import Step

CPU = torch.device("cpu")


class Corridor(gym.Env[Any, Any]):
    """Counts its steps; ends by itself when told to stop, and is cut after `limit` steps.

    Its first observation is a random number, the others are the count.
    """

    observation_space = spaces.Box(-np.inf, np.inf, (1,), np.float32)

    def __init__(self, limit: int = 3, first_action: int = 0) -> None:
        self.limit, self.stop = limit, first_action + 1
        self.action_space = spaces.Discrete(2, start=first_action)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.count = 0
        return self.np_random.random(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.count += 1
        stopped = bool(action == self.stop)
        obs = np.array([100.0 + self.count], np.float32)
        return obs, 0.5 * self.count, stopped, self.count >= self.limit, {}


class Tenfold(gym.ObservationWrapper[Any, Any, Any]):
    """Ten times the observation."""

    def observation(self, observation: Any) -> Any:
        return observation * np.float32(10.0)


@pytest.fixture(autouse=True)
def corridor() -> Iterator[None]:
    entry: Any = Corridor
    gym.register("Corridor-v0", entry)
    yield
    del gym.registry["Corridor-v0"]


def lanes(
    seeds: Sequence[int] = (1, 2), per_lane: int = 1, id: str = "Corridor-v0", **more: Any
) -> GymnasiumLanes:
    return make(id, seeds=seeds, per_lane=per_lane, device=CPU, **more)


def act(env: GymnasiumLanes, *actions: list[int]) -> Step:
    return env.step(torch.tensor(actions))


def test_dtypes_and_shapes_are_those_of_the_contract() -> None:
    env = lanes([1, 2, 3], 2)
    obs, step = env.reset(), env.step(torch.zeros(3, 2, dtype=torch.int64))
    assert isinstance(env, VectorEnv)
    assert obs.shape == step.obs.shape == step.next_obs.shape == (3, 2, 1)
    assert step.reward.shape == step.terminated.shape == step.truncated.shape == (3, 2)
    assert {obs.dtype, step.obs.dtype, step.next_obs.dtype, step.reward.dtype} == {torch.float32}
    assert step.terminated.dtype == step.truncated.dtype == torch.bool
    assert env.obs_space == Corridor.observation_space
    assert env.action_space == spaces.Discrete(2)


def test_a_time_limit_truncates_and_an_end_of_its_own_terminates() -> None:
    env = lanes()
    env.reset()
    act(env, [0], [0])
    second, third = act(env, [1], [0]), act(env, [0], [0])
    assert second.terminated.tolist() == [[True], [False]]
    assert second.truncated.tolist() == [[False], [False]]
    assert third.terminated.tolist() == [[False], [False]]
    assert third.truncated.tolist() == [[False], [True]]


def test_an_episode_may_end_both_ways_at_once() -> None:
    env = lanes([1], kwargs={"limit": 1})
    env.reset()
    step = act(env, [1])
    assert (step.terminated.item(), step.truncated.item()) == (True, True)


def test_the_next_observation_is_the_true_final_one_and_obs_the_next_episodes_first() -> None:
    env = lanes()
    env.reset()
    act(env, [0], [0])
    step = act(env, [1], [0])
    assert step.next_obs.tolist() == [[[102.0]], [[102.0]]]
    assert step.obs[0].item() < 1.0
    assert step.obs[1].item() == 102.0
    assert act(env, [0], [0]).next_obs.tolist() == [[[101.0]], [[103.0]]]


def test_every_step_is_a_transition_and_none_is_lost_to_a_reset() -> None:
    env = lanes([1], kwargs={"limit": 2})
    env.reset()
    steps = [act(env, [0]) for _ in range(6)]
    assert [step.next_obs.item() for step in steps] == [101.0, 102.0] * 3
    assert [step.reward.item() for step in steps] == [0.5, 1.0] * 3
    assert [step.truncated.item() for step in steps] == [False, True] * 3


def test_gymnasiums_own_time_limit_truncates() -> None:
    env = lanes([1], id="CartPole-v1", kwargs={"max_episode_steps": 4})
    env.reset()
    steps = [act(env, [t % 2]) for t in range(4)]
    assert [step.truncated.item() for step in steps] == [False, False, False, True]
    assert not steps[3].terminated.item()
    assert not torch.equal(steps[3].obs, steps[3].next_obs)


def test_a_step_that_was_told_is_not_changed_by_the_next() -> None:
    env = lanes()
    env.reset()
    steps = [act(env, [t % 2], [0]) for t in range(4)]
    kept = [Step(*(column.clone() for column in step)) for step in steps]
    for _ in range(4):
        act(env, [1], [0])
    pairs = [
        pair for step, was in zip(steps, kept, strict=True) for pair in zip(step, was, strict=True)
    ]
    assert all(torch.equal(now, was) for now, was in pairs)


def history(env: GymnasiumLanes, pick: Any, steps: int = 60) -> list[Tensor]:
    """All that some environments tell while each is pushed left and right in turn."""
    told = [pick(env.reset())]
    for t in range(steps):
        step = env.step(torch.full(env._lead, t // 3 % 2))
        told += [pick(column) for column in step]
    return told


@pytest.mark.parametrize("id", ["CartPole-v1", "Corridor-v0"])
def test_a_lane_lives_what_it_would_live_alone(id: str) -> None:
    together = history(lanes([1, 2, 3], 2, id), lambda column: column[1])
    alone = history(lanes([2], 2, id), lambda column: column[0])
    assert all(map(torch.equal, together, alone))


def test_the_first_environments_of_a_lane_do_not_depend_on_how_many_follow() -> None:
    many = history(lanes([1], 4, "CartPole-v1"), lambda column: column[:, :2])
    few = history(lanes([1], 2, "CartPole-v1"), lambda column: column)
    assert all(map(torch.equal, many, few))


def test_a_lanes_later_episodes_do_not_depend_on_when_its_neighbours_end() -> None:
    firsts = []
    for other in (0, 1):
        env = lanes([1, 2])
        env.reset()
        firsts.append([act(env, [0], [other]).obs[0].item() for _ in range(9)])
    assert firsts[0] == firsts[1]


def test_seeds_environments_and_episodes_differ_and_a_reset_begins_again() -> None:
    env = lanes([1, 2], 2)
    first = env.reset()
    second = act(env, [1, 1], [1, 1]).obs
    assert len(set(torch.cat([first, second]).flatten().tolist())) == 8
    assert torch.equal(env.reset(), first)
    assert torch.equal(act(env, [1, 1], [1, 1]).obs, second)


def test_lanes_live_what_gymnasiums_own_vector_of_environments_lives() -> None:
    mine = make("CartPole-v1", {"max_episode_steps": 30}, seeds=[3, 4], per_lane=2, device=CPU)
    theirs = SyncVectorEnv(
        [
            lambda seed=seed: SeededResets(gym.make("CartPole-v1", max_episode_steps=30), seed)  # type: ignore[misc]
            for seed in env_seeds([3, 4], 2).ravel().tolist()
        ],
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    obs, (wanted, _) = mine.reset(), theirs.reset()
    assert np.array_equal(obs.reshape(4, -1), wanted)
    draw, ends = np.random.default_rng(0), 0
    for _ in range(100):
        action = draw.integers(2, size=4)
        step = mine.step(torch.from_numpy(action.reshape(2, 2)))
        obs, reward, terminated, truncated, info = theirs.step(action)
        next_obs = obs.copy()
        for i in np.flatnonzero(terminated | truncated):
            next_obs[i] = info["final_obs"][i]
            ends += 1
        found = [column.reshape(4, *column.shape[2:]).numpy() for column in step]
        for own, other in zip(found, (obs, reward, terminated, truncated, next_obs), strict=True):
            assert np.array_equal(own, other)
    assert ends > 8


def test_actions_count_from_zero_also_where_the_environments_do_not() -> None:
    env = lanes([1], kwargs={"first_action": 5})
    env.reset()
    assert not act(env, [0]).terminated.item()
    assert act(env, [1]).terminated.item()


class Wrapped(gym.Wrapper[Any, Any, Any, Any]):
    """Rewards as arrays of one number."""

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        obs, reward, *rest = super().step(action)
        return obs, np.array([reward], np.float64), *rest


def test_rewards_may_be_arrays_of_one_number() -> None:
    env = GymnasiumLanes([SeededResets(Wrapped(Corridor()), seed) for seed in (1, 2)], 2, CPU)
    env.reset()
    step = env.step(torch.zeros((2, 1), dtype=torch.int64))
    assert (step.reward.shape, step.reward.dtype) == ((2, 1), torch.float32)


def test_arguments_reach_the_environment() -> None:
    env = lanes([1], kwargs={"limit": 1})
    env.reset()
    assert act(env, [0]).truncated.item()


def test_wrappers_are_applied_innermost_first() -> None:
    tenfold = f"{__name__}:Tenfold"
    env = lanes([1], wrappers=[tenfold, tenfold])
    env.reset()
    assert act(env, [0]).next_obs.item() == 10_100.0


def test_discrete_observations_are_integers() -> None:
    env = lanes(id="FrozenLake-v1", kwargs={"is_slippery": False})
    assert env.reset().dtype == torch.int64
    assert act(env, [2], [1]).obs.tolist() == [[1], [4]]


@pytest.mark.parametrize(
    ("id", "near"), [("CartPole-v7", "CartPole-v"), ("Coridor-v0", "Corridor")]
)
def test_an_unknown_id_is_refused_and_the_nearest_named(id: str, near: str) -> None:
    wanted = rf"^env\.id: expected a registered id, got '{id}'\. Did you mean '{near}"
    with pytest.raises(ConfigError, match=wanted):
        lanes(id=id)


def test_arguments_that_the_environment_refuses_are_told() -> None:
    with pytest.raises(ConfigError, match=r"^env Corridor-v0: expected arguments that it takes"):
        lanes(kwargs={"limitt": 4})


def test_a_wrapper_that_is_nowhere_is_told() -> None:
    with pytest.raises(PlugError):
        lanes(wrappers=["envs.gymnasium:NoSuchWrapper"])
