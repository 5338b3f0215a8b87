"""Target networks follow theirs: by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rlbatch.learner import HardTarget, LearnerSettings, PolyakTarget
from rlbatch.learner.lanes import LaneSettings
from rlbatch.learner.parameters import Parameters
from rlbatch.learner.target import Target

CPU = torch.device("cpu")
ALL, ON = torch.ones(3, dtype=torch.bool), np.ones(3, np.bool_)


class Followed:
    """Three lanes of one number, 1, 2 and 3, whose target networks begin at 0."""

    def __init__(self, *rules: Any) -> None:
        own = LaneSettings([LearnerSettings(target=rule) for rule in rules], 3, CPU)
        template = nn.Linear(1, 1, bias=False)
        self.online = Parameters(template, torch.tensor([[1.0], [2.0], [3.0]]))
        self.target = Parameters(template, torch.zeros(3, 1))
        self.rule = Target(own, self.online, self.target)

    def after(
        self, env_step: Any, ok: Tensor = ALL, on: Any = ON, tau: Any = None
    ) -> tuple[list[float], list[bool] | None]:
        """The target's numbers, and which lanes were copied."""
        copied = self.rule.follow(ok, on, env_step, tau)
        return self.target.flat[:, 0].tolist(), None if copied is None else copied.tolist()


def test_a_hard_target_is_copied_once_a_period() -> None:
    own = Followed(HardTarget(period=10))
    assert own.after(9) == ([0.0, 0.0, 0.0], None)
    assert own.after(10) == ([1.0, 2.0, 3.0], [True] * 3)
    own.online.flat.add_(1.0)
    assert own.after(19) == ([1.0, 2.0, 3.0], None)
    assert own.after(25) == ([2.0, 3.0, 4.0], [True] * 3)
    assert own.rule.synced.tolist() == [2, 2, 2]


def test_lanes_have_periods_and_clocks_of_their_own() -> None:
    own = Followed(HardTarget(period=4), HardTarget(period=6), HardTarget(period=100))
    assert own.after(5) == ([1.0, 0.0, 0.0], [True, False, False])
    assert own.after(np.array([7, 5, 100.0])) == ([1.0, 0.0, 3.0], [False, False, True])
    assert own.after(7) == ([1.0, 2.0, 3.0], [False, True, False])
    assert own.rule.synced.tolist() == [1, 1, 1]


def test_a_lane_that_rests_when_its_period_passes_is_copied_when_it_is_back() -> None:
    own = Followed(HardTarget(period=10))
    assert own.after(10, on=np.array([True, False, True]))[0] == [1.0, 0.0, 3.0]
    assert own.after(11) == ([1.0, 2.0, 3.0], [False, True, False])


def test_a_lane_that_is_not_ok_is_not_copied_and_waits_for_its_next_period() -> None:
    own = Followed(HardTarget(period=10))
    sick = torch.tensor([True, True, False])
    assert own.after(10, ok=sick) == ([1.0, 2.0, 0.0], [True, True, False])
    assert own.after(11) == ([1.0, 2.0, 0.0], None)


def test_counts_that_are_set_are_those_that_count() -> None:
    own = Followed(HardTarget(period=10))
    own.rule.synced = np.array([2, 2, 1])
    assert own.after(29) == ([0.0, 0.0, 3.0], [False, False, True])


def test_a_polyak_target_moves_a_share_of_the_way_in_lanes_that_are_ok() -> None:
    own = Followed(PolyakTarget(tau=0.5))
    assert own.after(0) == ([0.5, 1.0, 1.5], None)
    assert own.after(0, ok=torch.tensor([True, False, True])) == ([0.75, 1.0, 2.25], None)


def test_a_share_that_is_told_is_taken_in_place_of_that_declared() -> None:
    own = Followed(PolyakTarget(tau=0.5))
    assert own.after(0, tau=0.25)[0] == [0.25, 0.5, 0.75]
    assert own.after(0, tau=torch.tensor([[0.0], [1.0], [0.0]]))[0] == [0.25, 2.0, 0.75]


def test_lanes_have_shares_of_their_own() -> None:
    own = Followed(PolyakTarget(tau=0.5), PolyakTarget(tau=0.25), PolyakTarget(tau=1.0))
    assert own.after(0)[0] == [0.5, 0.5, 3.0]
