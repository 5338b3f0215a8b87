"""Greedy episodes from start states that all lanes share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from envs.cartpole import CartPole
from envs.probes import Endless, TwoStep
from rlbatch.errors import DataError
from rlbatch.train import Evaluator, Trainer
from rlbatch.train.best import Best
from rlbatch.types import Step

CPU = torch.device("cpu")
MakeTrainer = Callable[..., Trainer]


def always(action: int) -> Callable[[Tensor], Tensor]:
    """Action values under which an action is the best everywhere."""
    return lambda obs: torch.eye(2)[action].expand(*obs.shape[:2], 2)


def test_the_returns_of_a_probe_are_known() -> None:
    evaluator = Evaluator(TwoStep, 2, 3, 100, CPU)
    for action in (0, 1):
        played = evaluator.play(always(action))
        assert played.returns.tolist() == [[action] * 3] * 2
        assert played.lengths.tolist() == [[2] * 3] * 2


def test_lanes_start_from_the_same_states_and_episodes_from_different_ones() -> None:
    played = Evaluator(CartPole, 3, 8, 500, CPU).play(always(1))
    assert torch.equal(played.returns[0], played.returns[2])
    assert len(set(played.returns[0].tolist())) > 1


def test_an_evaluation_repeats_itself() -> None:
    evaluator = Evaluator(CartPole, 2, 4, 500, CPU)
    one, other = evaluator.play(always(1)), evaluator.play(always(1))
    assert torch.equal(one.returns, other.returns)


def test_fewer_episodes_are_the_first_of_more() -> None:
    few, many = (Evaluator(CartPole, 1, n, 500, CPU).play(always(1)).returns for n in (3, 9))
    assert torch.equal(few, many[:, :3])


@pytest.mark.parametrize("longest", [1, 3, 5, 100])
def test_an_episode_ends_at_its_time_limit_or_at_the_longest_allowed(longest: int) -> None:
    played = Evaluator(Endless, 1, 2, longest, CPU).play(always(0))
    assert played.lengths.tolist() == [[min(longest, Endless.LIMIT)] * 2]
    assert torch.equal(played.returns, played.lengths.double())


def test_only_the_first_episode_of_an_env_counts() -> None:
    played = Evaluator(CartPole, 1, 6, 500, CPU).play(always(1))
    assert torch.equal(played.returns, played.lengths.double())  # reward 1 a step
    assert int(played.lengths.max()) < 15  # pushing one way


def test_another_seed_plays_other_starts_the_same_in_every_lane() -> None:
    common, other, again = (
        Evaluator(CartPole, 2, 20, 500, CPU, **seed).play(always(1)).returns
        for seed in ({}, {"seed": 5}, {"seed": 5})
    )
    assert torch.equal(other, again)
    assert torch.equal(other[0], other[1])
    assert not torch.equal(other, common)


class Broken(TwoStep):
    """Every reward is no number."""

    def step(self, action: Tensor) -> Step:
        step = super().step(action)
        return step._replace(reward=step.reward * torch.nan)


def test_a_reward_that_is_no_number_is_refused() -> None:
    with pytest.raises(DataError, match=r"evaluate\.reward: expected finite numbers"):
        Evaluator(Broken, 1, 1, 10, CPU).play(always(0))


def test_evaluating_does_not_touch_training(make_trainer: MakeTrainer) -> None:
    runs: list[list[Any]] = []
    for every in (1.0, 0.05):
        how = make_trainer().settings.evaluate
        trainer = make_trainer(evaluate=type(how)(every=every, episodes=1, max_length=5))
        told = [r._replace(wall_s=0.0) for moment in trainer.records() for r in moment]
        runs.append([r for r in told if r.kind == "train"])
    assert runs[0] == runs[1]


def test_the_best_parameters_are_kept_lane_by_lane() -> None:
    best = Best(torch.zeros(2, 1))
    on = np.array([True, True])
    best.judge(torch.tensor([[1.0], [1.0]]), torch.tensor([[5.0, 7.0], [3.0, 3.0]]), on)
    best.judge(torch.tensor([[2.0], [2.0]]), torch.tensor([[5.0, 6.0], [4.0, 4.0]]), on)
    assert best.state.tolist() == [[1.0], [2.0]]
    assert best.returns.tolist() == [6.0, 4.0]


def test_a_lane_that_has_stopped_scores_the_lowest_return_seen() -> None:
    best, flat = Best(torch.zeros(2, 1)), torch.ones(2, 1)
    best.judge(flat, torch.tensor([[1.0, 9.0], [5.0, 5.0]]), np.array([True, True]))
    scores = best.judge(flat * 2, torch.tensor([[4.0, 4.0], [9.0, 9.0]]), np.array([True, False]))
    assert scores.tolist() == [[4.0, 4.0], [1.0, 1.0]]
    assert best.state.tolist() == [[1.0], [1.0]]
