"""MountainCar in tensors is Gymnasium's, step for step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import Tensor

from envs.mountain_car import GYMNASIUM, MountainCar, Physics, after
from envs.tensor import State
from rlbatch.errors import ConfigError

CPU = torch.device("cpu")


def cars(seeds: Sequence[int] = (1, 2), per_lane: int = 4, **physics: Any) -> MountainCar:
    return MountainCar(seeds=seeds, per_lane=per_lane, device=CPU, **physics)


def placed(motion: Any, **physics: Any) -> MountainCar:
    """One lane of cars in these motions `[E, 2]`."""
    ours = cars([1], len(motion), **physics)
    ours.state = State(torch.as_tensor(motion, dtype=torch.float64)[None], *ours.state[1:])
    return ours


def anywhere(num: int) -> tuple[Tensor, Tensor]:
    """Motions `[num, 2]` from the whole track, most near its ends, and actions `[1, num]`."""
    draw = torch.Generator().manual_seed(3)
    shares = 0.5 - torch.rand((num, 2), generator=draw, dtype=torch.float64).mul(np.pi).cos() / 2
    low, high = torch.tensor([[-1.2, -0.07], [0.6, 0.07]], dtype=torch.float64)
    return low + (high - low) * shares, torch.randint(3, (1, num), generator=draw)


def test_random_episodes_are_gymnasiums_to_the_time_limit(reference: Any) -> None:
    both = reference(cars([1], 2), "MountainCar-v0")
    actions = torch.randint(3, (202, 1, 2), generator=torch.Generator().manual_seed(7))
    truncated = [int(both.compare(action).truncated.sum()) for action in actions]
    assert truncated[199] == sum(truncated) == 2


def test_cars_that_swing_reach_the_goal_when_gymnasiums_do(reference: Any) -> None:
    ours = cars([1], 2)
    both, obs, ends = reference(ours, "MountainCar-v0"), ours.reset(), 0
    for _ in range(150):
        step = both.compare((obs[..., 1] >= 0).long() * 2)
        obs, ends = step.obs, ends + int(step.terminated.sum())
    assert ends == 2


def test_a_step_from_anywhere_is_gymnasiums(reference: Any) -> None:
    motion, action = anywhere(500)
    step = reference(placed(motion), "MountainCar-v0").compare(action)
    assert 20 < step.terminated.sum() < 480
    assert (step.next_obs[..., 1] == 0).sum() > 5  # stopped by the left wall
    assert (step.next_obs[..., 0] == 0.6).sum() > 5  # held by the right one
    assert (step.next_obs[..., 1].abs() == 0.07).sum() > 5


def test_it_ends_at_the_flag_and_not_just_before_nor_on_the_way_back(reference: Any) -> None:
    speed = 0.05
    short = 0.5 - speed - 0.001 + 0.0025 * np.cos(3 * 0.45)  # about where a step ends at the flag
    motion = [[short - 1e-3, speed], [short + 1e-3, speed], [0.58, -speed], [0.52, -5e-4]]
    step = reference(placed(motion), "MountainCar-v0").compare(torch.full((1, 4), 2))
    assert step.terminated.tolist() == [[False, True, False, True]]
    edge = torch.tensor([[0.5, 0.0], [np.nextafter(0.5, 0), 0.01], [0.5, -1e-9]]).double()
    assert cars().terminated(edge).tolist() == [True, False, False]


def test_the_left_wall_stops_a_car_that_the_engine_can_move_again(reference: Any) -> None:
    both = reference(placed([[-1.19, -0.07]]), "MountainCar-v0")
    right = torch.full((1, 1), 2)
    stopped, gone = both.compare(right), both.compare(right)
    assert stopped.next_obs[0, 0].tolist() == pytest.approx([-1.2, 0.0])
    assert gone.next_obs[0, 0, 0] > -1.2


def test_an_end_is_reset_in_the_same_step_and_the_true_successor_is_told() -> None:
    ours = placed([[0.48, 0.05], [-0.5, 0.0]])
    step = ours.step(torch.full((1, 2), 1))
    assert step.terminated.tolist() == [[True, False]]
    assert step.reward.tolist() == [[-1.0, -1.0]]
    assert step.next_obs[0, 0, 0] > 0.5
    assert -0.6 <= step.obs[0, 0, 0] <= -0.4
    assert step.obs[0, 0, 1] == 0.0
    assert torch.equal(step.obs[0, 1], step.next_obs[0, 1])
    assert [own.tolist() for own in ours.state[1:]] == [[[0, 1]], [[1, 0]]]


def test_the_spaces_are_gymnasiums() -> None:
    ours, other = cars(), gym.make("MountainCar-v0")
    assert ours.obs_space == other.observation_space
    assert ours.action_space == other.action_space


def test_starts_fill_gymnasiums_range_evenly_and_are_at_rest() -> None:
    ours = cars(range(100, 200), 40)
    ours.reset()
    place, speed = ours.state[0].reshape(-1, 2).unbind(-1)
    assert ((place >= -0.6) & (place <= -0.4)).all()
    assert not speed.any()
    counts = torch.histc(place.float(), 10, -0.6, -0.4)
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # χ² of 9 degrees, p = 0.001


@pytest.mark.parametrize(("name", "value"), [("gravity", 0.004), ("force", 0.0023)])
def test_perturbed_cars_move_as_gymnasiums_perturbed_alike(
    reference: Any, name: str, value: float
) -> None:
    motion, action = anywhere(50)
    both = reference(placed(motion, **{name: value}), "MountainCar-v0")
    setattr(both.theirs, name, value)
    both.compare(action)
    assert (both.ours.moved(motion, action[0]) - after(motion, action[0])).abs().max() > 1e-4


def test_left_alone_the_physics_is_gymnasiums() -> None:
    theirs: Any = gym.make("MountainCar-v0").unwrapped
    assert cars().physics == GYMNASIUM
    assert (GYMNASIUM.gravity, GYMNASIUM.force) == (theirs.gravity, theirs.force)


@pytest.mark.parametrize("name", ["gravity", "force"])
def test_physics_without_a_finite_number_above_zero_is_refused(name: str) -> None:
    for value in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ConfigError, match=rf"env\.{name}: expected a finite number above 0"):
            Physics(**{name: value})
