"""CartPole in tensors is Gymnasium's, step for step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import Tensor

from envs.cartpole import GYMNASIUM, CartPole, Physics
from envs.tensor import State
from rlbatch.errors import ConfigError

CPU = torch.device("cpu")


def carts(seeds: Sequence[int] = (1, 2, 3), per_lane: int = 4) -> CartPole:
    return CartPole(seeds=seeds, per_lane=per_lane, device=CPU)


def random_actions(steps: int, lead: tuple[int, int]) -> Tensor:
    return torch.randint(2, (steps, *lead), generator=torch.Generator().manual_seed(7))


def balancing(obs: Tensor) -> Tensor:
    """A controller that keeps most poles up until the time limit."""
    return (obs[..., 2] + obs[..., 3] > 0).long()


def placed(motion: Tensor) -> CartPole:
    """One lane of carts in these motions `[E, 4]`, their episodes just begun."""
    ours = carts([1], len(motion))
    ours.state = State(motion.double()[None], *ours.state[1:])
    return ours


def test_random_episodes_are_gymnasiums_to_the_last_step(reference: Any) -> None:
    both, ends = reference(carts(), "CartPole-v1"), 0
    for action in random_actions(150, (3, 4)):
        ends += int(both.compare(action).terminated.sum())
    assert ends > 40


def test_long_episodes_end_at_the_time_limit_as_gymnasiums(reference: Any) -> None:
    ours = carts([1], 4)
    obs = ours.reset()
    both, truncated = reference(ours, "CartPole-v1"), []
    for _ in range(502):
        step = both.compare(balancing(obs))
        obs = step.obs
        truncated.append(int(step.truncated.sum()))
    assert truncated[499] >= 2
    assert sum(truncated) == truncated[499]


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_it_ends_just_beyond_the_bounds_and_not_just_before(
    reference: Any, place: int, sign: float
) -> None:
    bound = (2.4, 0.0, 12 * np.pi / 180)[place]
    motion = torch.zeros((2, 4))
    motion[:, place] = sign * torch.tensor([bound * 0.9999, bound * 1.0001])
    step = reference(placed(motion), "CartPole-v1").compare(torch.tensor([[0, 0]]))
    assert step.terminated.tolist() == [[False, True]]


def test_the_spaces_are_gymnasiums() -> None:
    ours, other = carts(), gym.make("CartPole-v1")
    assert ours.obs_space == other.observation_space
    assert ours.action_space == other.action_space


def test_start_states_fill_gymnasiums_range_evenly() -> None:
    starts = carts(range(100), 10).reset().reshape(-1)
    assert starts.abs().max() <= 0.05
    counts = torch.histc(starts, 10, -0.05, 0.05)
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # χ² of 9 degrees, p = 0.001


def test_starts_do_not_change_from_version_to_version() -> None:
    ours = carts([1], 1)
    ours.reset()
    first = [
        -0.011530269258443271,
        -0.03790623993090676,
        -0.04509814633276358,
        0.020814811190811758,
    ]
    assert ours.state[0][0, 0].tolist() == first
    motion, steps, episode = ours.state
    ours.state = State(motion + 3.0, steps, episode)
    ours.step(torch.zeros((1, 1), dtype=torch.int64))
    next_start = [-0.009146019759429724, -0.04554696652317874]
    assert ours.state[0][0, 0, :2].tolist() == next_start


def test_an_end_is_reset_in_the_same_step_and_the_true_successor_is_told() -> None:
    ours = placed(torch.tensor([[2.39, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))
    step = ours.step(torch.zeros(1, 2, dtype=torch.int64))
    assert step.terminated.tolist() == [[True, False]]
    assert step.next_obs[0, 0, 0].item() == pytest.approx(2.41)
    assert step.obs[0, 0].abs().max() <= 0.05
    assert torch.equal(step.obs[0, 1], step.next_obs[0, 1])
    assert [own.tolist() for own in ours.state[1:]] == [[[0, 1]], [[1, 0]]]


def test_left_alone_the_physics_is_gymnasiums() -> None:
    assert carts().physics == GYMNASIUM
    theirs: Any = gym.make("CartPole-v1").unwrapped
    told = GYMNASIUM.gravity, GYMNASIUM.half_length, GYMNASIUM.force
    assert told == (theirs.gravity, theirs.length, theirs.force_mag)


@pytest.mark.parametrize(
    ("ours", "name", "value"),
    [("gravity", "gravity", 15.0), ("half_length", "length", 0.8), ("force", "force_mag", 4.0)],
)
def test_perturbed_carts_move_as_gymnasiums_perturbed_alike(
    reference: Any, ours: str, name: str, value: float
) -> None:
    perturbed = CartPole(seeds=[1, 2], per_lane=2, device=CPU, **{ours: value})
    both, usual = reference(perturbed, "CartPole-v1"), carts([1, 2], 2)
    setattr(both.theirs, name, value)
    both.theirs.polemass_length = both.theirs.masspole * both.theirs.length
    for action in random_actions(5, (2, 2)):
        told, untold = both.compare(action), usual.step(action)
    assert (told.next_obs - untold.next_obs).abs().amin((0, 1)).max() > 1e-3


def test_perturbed_carts_start_where_the_others_do() -> None:
    perturbed = CartPole(seeds=[1, 2], per_lane=3, device=CPU, gravity=20.0)
    assert torch.equal(perturbed.reset(), carts([1, 2], 3).reset())


@pytest.mark.parametrize("name", ["gravity", "half_length", "force"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_physics_without_a_finite_number_above_zero_is_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"env\.{name}: expected a finite number above 0"):
        Physics(**{name: value})
