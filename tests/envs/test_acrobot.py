"""Acrobot in tensors is Gymnasium's, step for step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import Tensor

from envs.acrobot import GYMNASIUM, MAX_SPINS, Acrobot, Physics, after
from envs.tensor import State
from rlbatch.errors import ConfigError

CPU = torch.device("cpu")


def acrobots(seeds: Sequence[int] = (1, 2), per_lane: int = 4, **physics: Any) -> Acrobot:
    return Acrobot(seeds=seeds, per_lane=per_lane, device=CPU, **physics)


def anywhere(num: int) -> tuple[Tensor, Tensor]:
    """Motions `[1, num, 4]` from the whole of what can be reached, and random actions."""
    draw = torch.Generator().manual_seed(3)
    high = torch.tensor([np.pi, np.pi, *MAX_SPINS], dtype=torch.float64)
    motion = (torch.rand((1, num, 4), generator=draw, dtype=torch.float64) * 2 - 1) * high
    return motion, torch.randint(3, (1, num), generator=draw)


def placed(motion: Tensor, steps: int = 0, **physics: Any) -> Acrobot:
    """One lane of acrobots in these motions `[1, E, 4]`."""
    ours = acrobots([1], motion.shape[1], **physics)
    _, zeros, episode = ours.state
    ours.state = State(motion, zeros + steps, episode)
    return ours


def test_random_episodes_are_gymnasiums(reference: Any) -> None:
    ours = acrobots(per_lane=2)
    both = reference(ours, "Acrobot-v1")
    for action in torch.randint(3, (60, 2, 2), generator=torch.Generator().manual_seed(7)):
        both.compare(action)
    assert (ours.state[1] == 60).all()


def test_a_step_from_anywhere_is_gymnasiums(reference: Any) -> None:
    motion, action = anywhere(500)
    step = reference(placed(motion), "Acrobot-v1").compare(action)
    moved = after(motion, action)
    assert 50 < step.terminated.sum() < 450
    assert set(step.reward[0].tolist()) == {-1.0, 0.0}
    assert ((moved - motion)[..., :2].abs() > np.pi).sum() > 20  # angles that were wrapped
    assert [(moved[..., 2 + i].abs() == MAX_SPINS[i]).any() for i in range(2)] == [True, True]


@pytest.mark.parametrize("second", [0.0, 0.7, -2.0])
def test_it_ends_just_above_the_line_and_not_just_below(second: float) -> None:
    """The tip is at -cos θ₁ - cos(θ₁ + θ₂), of which θ₁ is found by halving."""
    low, high = 0.0, np.pi - second / 2
    for _ in range(40):
        middle = (low + high) / 2
        up = -np.cos(middle) - np.cos(middle + second) > 1.0
        low, high = (low, middle) if up else (middle, high)
    motion = torch.tensor([[low, second, 0.0, 0.0], [high, second, 0.0, 0.0]], dtype=torch.float64)
    theirs: Any = gym.make("Acrobot-v1").unwrapped
    assert acrobots().terminated(motion).tolist() == [False, True]
    for state, up in zip(motion.numpy(), (False, True), strict=True):
        theirs.state = state
        assert theirs._terminal() is up


def test_the_time_limit_is_gymnasiums(reference: Any) -> None:
    ours = placed(torch.zeros((1, 2, 4), dtype=torch.float64), steps=498)
    both, rest = reference(ours, "Acrobot-v1"), torch.ones((1, 2), dtype=torch.int64)
    assert [both.compare(rest).truncated.tolist() for _ in range(3)] == [
        [[False, False]],
        [[True, True]],
        [[False, False]],
    ]


def test_an_end_is_reset_in_the_same_step_and_the_true_successor_is_told() -> None:
    motion = torch.tensor([[[np.pi, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]], dtype=torch.float64)
    ours = placed(motion)
    step = ours.step(torch.ones((1, 2), dtype=torch.int64))
    assert step.terminated.tolist() == [[True, False]]
    assert step.reward.tolist() == [[0.0, -1.0]]
    assert step.next_obs[0, 0, 0] < -0.99  # still up
    assert step.obs[0, 0, 0] > 0.99  # hangs again
    assert torch.equal(step.obs[0, 1], step.next_obs[0, 1])
    assert [own.tolist() for own in ours.state[1:]] == [[[0, 1]], [[1, 0]]]


def test_the_spaces_are_gymnasiums() -> None:
    ours, other = acrobots(), gym.make("Acrobot-v1")
    assert ours.obs_space == other.observation_space
    assert ours.action_space == other.action_space


def test_starts_fill_gymnasiums_range_evenly() -> None:
    ours = acrobots(range(100), 10)
    ours.reset()
    starts = ours.state[0].reshape(-1).float()
    assert starts.abs().max() <= 0.1
    counts = torch.histc(starts, 10, -0.1, 0.1)
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # χ² of 9 degrees, p = 0.001


def test_heavier_and_longer_links_move_as_gymnasiums(reference: Any) -> None:
    motion, action = anywhere(50)
    both = reference(placed(motion, mass=1.7, length=0.6), "Acrobot-v1")
    for link in "12":
        setattr(both.theirs, f"LINK_MASS_{link}", 1.7)
        setattr(both.theirs, f"LINK_LENGTH_{link}", 0.6)
        setattr(both.theirs, f"LINK_COM_POS_{link}", 0.3)
    both.compare(action)
    assert (after(motion, action) - after(motion, action, both.ours.physics)).abs().max() > 1e-3


def test_four_times_the_gravity_is_gymnasiums_in_half_the_time() -> None:
    """With t' = t/2: the same angles, twice the speeds, four times what pulls."""
    motion, action = anywhere(50)
    motion = motion * 0.1
    theirs: Any = gym.make("Acrobot-v1").unwrapped
    theirs.dt, theirs.AVAIL_TORQUE = 0.4, [-0.25, 0.0, 0.25]
    moved = after(motion, action, Physics(gravity=4 * 9.8))[0].numpy()
    for i, (state, push) in enumerate(zip(motion[0].numpy(), action[0], strict=True)):
        theirs.state = state * [1.0, 1.0, 0.5, 0.5]
        theirs.step(int(push))
        np.testing.assert_allclose(moved[i], theirs.state * [1.0, 1.0, 2.0, 2.0], 1e-12, 1e-12)


def test_left_alone_the_physics_is_gymnasiums() -> None:
    assert acrobots().physics == GYMNASIUM
    theirs: Any = gym.make("Acrobot-v1").unwrapped
    told = GYMNASIUM.mass, GYMNASIUM.length
    assert told == (theirs.LINK_MASS_1, theirs.LINK_LENGTH_1)


@pytest.mark.parametrize("name", ["gravity", "length", "mass"])
def test_physics_without_a_finite_number_above_zero_is_refused(name: str) -> None:
    for value in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(ConfigError, match=rf"env\.{name}: expected a finite number above 0"):
            Physics(**{name: value})
