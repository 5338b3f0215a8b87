"""Exact values promise what is earned, however an episode ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from envs.probes import Endless, TwoStep
from rlbatch.compare.inner import overestimation
from rlbatch.errors import ConfigError

CPU = torch.device("cpu")
GAMMA = 0.9


def table(*lanes: list[list[float]]) -> Callable[[Tensor], Tensor]:
    """Action values `[L, E, A]` looked up by room, a table a lane."""
    stacked = torch.tensor(lanes)
    return lambda obs: torch.stack([own[at] for own, at in zip(stacked, obs, strict=True)])


@pytest.mark.parametrize("longest", [2, 100])
def test_exact_values_of_an_episode_that_ends_are_no_overestimate(longest: int) -> None:
    env = TwoStep(seeds=[1], per_lane=3, device=CPU)
    found = overestimation(table(TwoStep.q_values(GAMMA)), env, GAMMA, longest)
    assert found.tolist() == pytest.approx([0.0], abs=1e-7)


@pytest.mark.parametrize("longest", [1, 3, Endless.LIMIT, 100])
def test_exact_values_are_none_where_an_episode_is_cut(longest: int) -> None:
    env = Endless(seeds=[1], per_lane=2, device=CPU)
    found = overestimation(table(Endless.q_values(GAMMA)), env, GAMMA, longest)
    assert found.tolist() == pytest.approx([0.0], abs=1e-6)


def test_a_promise_that_is_not_kept_is_told_lane_by_lane() -> None:
    env = TwoStep(seeds=[1, 1], per_lane=2, device=CPU)
    kept = [[0.9, 0.9], [0.0, 1.0]]
    broken = [[3.0, 0.0], [1.0, 0.0]]  # promises 3, takes action 0 in room 1, earns nothing
    found = overestimation(table(kept, broken), env, GAMMA, 100)
    assert found.tolist() == pytest.approx([0.0, 3.0], abs=1e-7)


def test_rewards_are_discounted() -> None:
    env = TwoStep(seeds=[1], per_lane=1, device=CPU)
    found = overestimation(table([[0.0, 0.0], [0.0, 1.0]]), env, 0.5, 100)
    assert found.tolist() == [-0.5]


def test_a_cut_hides_the_share_of_an_error_that_the_discount_leaves() -> None:
    env = Endless(seeds=[1], per_lane=1, device=CPU)
    found = overestimation(table([[12.0, 12.0]]), env, GAMMA, 100)  # 10 is right
    assert found.tolist() == pytest.approx([2.0 * (1.0 - GAMMA**Endless.LIMIT)], abs=1e-5)


def test_a_lane_of_no_numbers_does_not_touch_its_neighbour() -> None:
    nan = float("nan")
    env = TwoStep(seeds=[1, 1], per_lane=2, device=CPU)
    both = table([[nan, nan], [nan, nan]], TwoStep.q_values(GAMMA))
    found = overestimation(both, env, GAMMA, 100)
    assert found[0].isnan()
    assert found[1].item() == pytest.approx(0.0, abs=1e-7)


def test_no_env_step_at_all_is_refused() -> None:
    env = TwoStep(seeds=[1], per_lane=1, device=CPU)
    with pytest.raises(ConfigError, match=r"max_length: expected at least 1 env step, got 0"):
        overestimation(table(TwoStep.q_values(GAMMA)), env, GAMMA, 0)
