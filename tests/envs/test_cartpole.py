"""CartPole in tensors is Gymnasium's, step for step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import Tensor

from envs.cartpole import GYMNASIUM, CartPole, Physics, after
from rlbatch.contract import VectorEnv
from rlbatch.errors import ConfigError
from rlbatch.types import Step

CPU = torch.device("cpu")


def carts(seeds: Sequence[int] = (1, 2, 3), per_lane: int = 4) -> CartPole:
    return CartPole(seeds=seeds, per_lane=per_lane, device=CPU)


def random_actions(steps: int, lead: tuple[int, int]) -> Tensor:
    return torch.randint(2, (steps, *lead), generator=torch.Generator().manual_seed(7))


def balancing(obs: Tensor) -> Tensor:
    """A controller that keeps most poles up until the time limit."""
    return (obs[..., 2] + obs[..., 3] > 0).long()


def theirs(state: Tensor) -> Any:
    """Gymnasium's CartPole-v1 placed in one state `[4]`, its TimeLimit at 0 steps."""
    env = gym.make("CartPole-v1")
    env.reset(seed=0)
    env.unwrapped.state = state.numpy().copy()  # type: ignore[attr-defined]
    return env


class Reference:
    """Gymnasium's carts, one for each of ours, placed anew whenever ours begins an episode."""

    def __init__(self, ours: CartPole) -> None:
        self.ours, self.lead = ours, tuple(ours.state.shape[:2])
        self.envs = {at: theirs(ours.state[at]) for at in np.ndindex(self.lead)}

    def compare(self, action: Tensor) -> Step:
        """Steps both and compares all that Gymnasium tells."""
        before = self.ours.state.clone()
        step = self.ours.step(action)
        moved = after(before, action)
        for at, env in self.envs.items():
            obs, reward, terminated, truncated, _ = env.step(int(action[at]))
            assert np.abs(env.unwrapped.state - moved[at].numpy()).max() <= 1e-12
            assert np.abs(obs - step.next_obs[at].numpy()).max() <= 1e-6
            told = step.reward[at].item(), step.terminated[at].item(), step.truncated[at].item()
            assert told == (reward, terminated, truncated)
            if terminated or truncated:
                self.envs[at] = theirs(self.ours.state[at])
                continue
            assert torch.equal(self.ours.state[at], moved[at])
            env.unwrapped.state = moved[at].numpy().copy()  # equal states for the next step
        return step


def test_random_episodes_are_gymnasiums_to_the_last_step() -> None:
    ours = carts(per_lane=8)
    ours.reset()
    reference = Reference(ours)
    ends = sum(reference.compare(action).terminated.sum() for action in random_actions(150, (3, 8)))
    assert ends > 60


def test_long_episodes_end_at_the_time_limit_as_gymnasiums() -> None:
    ours = carts([1], 4)
    obs = ours.reset()
    reference, truncated = Reference(ours), []
    for _ in range(502):
        step = reference.compare(balancing(obs))
        obs = step.obs
        truncated.append(int(step.truncated.sum()))
    assert truncated[499] >= 2
    assert sum(truncated) == truncated[499]


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_it_ends_just_beyond_the_bounds_and_not_just_before(place: int, sign: float) -> None:
    bound = (2.4, 0.0, 12 * np.pi / 180)[place]
    ours = carts([1], 2)
    ours.reset()
    ours.state.zero_()
    ours.state[0, :, place] = sign * torch.tensor([bound * 0.9999, bound * 1.0001])
    step = Reference(ours).compare(torch.tensor([[0, 0]]))
    assert step.terminated.tolist() == [[False, True]]


def test_the_spaces_are_gymnasiums() -> None:
    ours, other = carts(), gym.make("CartPole-v1")
    assert ours.obs_space == other.observation_space
    assert ours.action_space == other.action_space
    assert isinstance(ours, VectorEnv)


def test_start_states_fill_gymnasiums_range_evenly() -> None:
    starts = carts(range(100), 10).reset().reshape(-1)
    assert starts.abs().max() <= 0.05
    counts = torch.histc(starts, 10, -0.05, 0.05)
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # χ² of 9 degrees, p = 0.001


def test_dtypes_and_shapes_are_those_of_the_contract() -> None:
    ours = carts([1, 2], 3)
    obs, step = ours.reset(), ours.step(torch.zeros(2, 3, dtype=torch.int64))
    assert obs.shape == step.obs.shape == step.next_obs.shape == (2, 3, 4)
    assert step.reward.shape == step.terminated.shape == step.truncated.shape == (2, 3)
    assert {obs.dtype, step.obs.dtype, step.next_obs.dtype, step.reward.dtype} == {torch.float32}
    assert step.terminated.dtype == step.truncated.dtype == torch.bool


def history(env: CartPole, pick: Any, actions: Tensor) -> list[Tensor]:
    """All that some carts tell while every cart takes the same actions `[T]`."""
    told = [pick(env.reset())]
    for action in actions:
        step = env.step(action.expand(env.steps.shape))
        told += [pick(column) for column in step]
    return told


def test_a_lane_lives_what_it_would_live_alone() -> None:
    actions = random_actions(120, (1, 1))[:, 0, 0]
    together = history(carts([1, 2, 3]), lambda column: column[1], actions)
    alone = history(carts([2]), lambda column: column[0], actions)
    assert all(map(torch.equal, together, alone))


def test_the_first_environments_of_a_lane_do_not_depend_on_how_many_follow() -> None:
    actions = random_actions(120, (1, 1))[:, 0, 0]
    many = history(carts([1], 6), lambda column: column[0, :2], actions)
    few = history(carts([1], 2), lambda column: column[0], actions)
    assert all(map(torch.equal, many, few))


def test_an_end_in_one_cart_does_not_touch_its_neighbours() -> None:
    ours, other = carts([1], 2), carts([1], 2)
    for env in (ours, other):
        env.reset()
    ours.state[0, 0, 0] = 3.0
    noop = torch.zeros(1, 2, dtype=torch.int64)
    assert ours.step(noop).terminated.tolist() == [[True, False]]
    other.step(noop)
    assert torch.equal(ours.state[0, 1], other.state[0, 1])
    assert ours.steps.tolist() == [[0, 1]]


def test_an_end_is_reset_in_the_same_step_and_the_true_successor_is_told() -> None:
    ours = carts([1], 1)
    first = ours.reset()
    ours.state[0, 0] = torch.tensor([2.39, 1.0, 0.0, 0.0])
    step = ours.step(torch.zeros(1, 1, dtype=torch.int64))
    assert step.next_obs[0, 0, 0].item() == pytest.approx(2.41)
    assert step.obs.abs().max() <= 0.05
    assert not torch.equal(step.obs, first)
    assert torch.equal(step.obs, ours.state.float())


def test_where_nothing_ended_what_to_act_on_is_the_successor() -> None:
    ours = carts()
    ours.reset()
    step = ours.step(torch.zeros(3, 4, dtype=torch.int64))
    assert torch.equal(step.obs, step.next_obs)


def test_a_step_that_was_told_is_not_changed_by_the_next() -> None:
    ours = carts()
    ours.reset()
    actions = random_actions(60, (3, 4))
    steps = [ours.step(action) for action in actions[:30]]
    kept = [Step(*(column.clone() for column in step)) for step in steps]
    for action in actions[30:]:
        ours.step(action)
    assert all(
        torch.equal(a, b)
        for s, k in zip(steps, kept, strict=True)
        for a, b in zip(s, k, strict=True)
    )


def test_two_seeds_two_carts_and_two_episodes_differ_and_a_reset_begins_again() -> None:
    ours = carts([1, 2], 2)
    first = ours.reset()
    assert len({tuple(start.tolist()) for start in first.reshape(4, 4)}) == 4
    ours.state[..., 0] = 3.0
    second = ours.step(torch.zeros(2, 2, dtype=torch.int64)).obs
    assert not (first == second).any()
    assert torch.equal(ours.reset(), first)


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
    ours: str, name: str, value: float
) -> None:
    perturbed = CartPole(seeds=[1], per_lane=1, device=CPU, **{ours: value})
    perturbed.reset()
    other = theirs(perturbed.state[0, 0])
    setattr(other.unwrapped, name, value)
    other.unwrapped.polemass_length = other.unwrapped.masspole * other.unwrapped.length
    usual = perturbed.state.clone()
    for action in (0, 1, 1, 0, 1):
        perturbed.step(torch.tensor([[action]]))
        other.step(action)
        usual = after(usual, torch.tensor([[action]]))
    assert np.abs(other.unwrapped.state - perturbed.state[0, 0].numpy()).max() <= 1e-12
    assert (usual - perturbed.state).abs().max() > 1e-3


def test_perturbed_carts_start_where_the_others_do() -> None:
    perturbed = CartPole(seeds=[1, 2], per_lane=3, device=CPU, gravity=20.0)
    assert torch.equal(perturbed.reset(), carts([1, 2], 3).reset())


@pytest.mark.parametrize("name", ["gravity", "half_length", "force"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_physics_without_a_finite_number_above_zero_is_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"env\.{name}: expected a finite number above 0"):
        Physics(**{name: value})
