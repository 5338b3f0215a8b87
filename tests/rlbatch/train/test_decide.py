"""Lanes that see the same share a decision; lanes that do not are asked one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from rlbatch.learner import LearnerSettings
from rlbatch.schedule import BatchPlan, Ladder
from rlbatch.train import Exploration, Learn, Sweep, TrainSettings
from rlbatch.train.decide import Decider
from rlbatch.train.lanes import Lanes
from rlbatch.train.pack import Pack
from rlbatch.types import Signal

EXACT = Ladder(kind="exact")


@dataclass
class Kept:
    """A schedule that keeps what it is shown: 100 rows at ε = 1, fewer below."""

    seen: list[Signal] = field(default_factory=list)

    def __call__(self, signal: Signal) -> float:
        self.seen.append(signal)
        return 100.0 * signal.exploration + signal.update


def decider(
    schedule: Callable[[Signal], float], updates: list[int], **told: object
) -> tuple[Decider, Lanes]:
    """Two seeds and ε ends of 0 and 0.5, at env step 50 of 100 where ε = 0.5 and 0.75."""
    settings = TrainSettings(
        seeds=2,
        env_steps=100,
        learn=Learn(start=0),
        exploration=Exploration(start=1.0, end=0.0, fraction=1.0),
        learner=LearnerSettings(lr=0.5),
        batch=BatchPlan(schedule=schedule, ladder=EXACT, coupling="linear", reference=100),
        **told,  # type: ignore[arg-type]
    )
    lanes = Lanes(settings.lane_seeds)
    lanes.advance(50)
    return Decider(
        Pack((settings,)),
        lanes,
        lambda: np.array(updates),
        lambda: np.full(len(updates), lanes.now),
    ), lanes


def test_lanes_that_see_the_same_are_decided_once() -> None:
    kept = Kept()
    asked, _ = decider(kept, [1, 1])
    assert asked.wanted() == (51, 0.5 * 0.51)
    assert len(kept.seen) == 1


def test_each_exploration_is_decided_once_for_all_its_lanes() -> None:
    kept = Kept()
    asked, _ = decider(kept, [1, 1, 2, 2], lanes=Sweep(epsilon_end=(0.0, 0.5)))
    rows, lr = asked.wanted()
    assert np.asarray(rows).tolist() == [51, 51, 77, 77]
    assert np.asarray(lr) == pytest.approx(np.array([0.255, 0.255, 0.385, 0.385]))
    assert [signal.exploration for signal in kept.seen] == [0.5, 0.75]
    assert [signal.exploration_end for signal in kept.seen] == [0.0, 0.5]
    assert [signal.exploration_slope for signal in kept.seen] == pytest.approx([-0.01, -0.005])


def test_each_lane_couples_its_own_learning_rate() -> None:
    asked, _ = decider(Kept(), [0, 0, 0, 0], lanes=Sweep(lr=(0.2, 0.4)))
    rows, lr = asked.wanted()
    assert rows == 50
    assert np.asarray(lr) == pytest.approx(np.array([0.1, 0.1, 0.2, 0.2]))


def test_lanes_that_stopped_are_asked_for_nothing() -> None:
    kept = Kept()
    asked, lanes = decider(kept, [1, 7, 2, 2], lanes=Sweep(epsilon_end=(0.0, 0.5)))
    lanes.stop(np.array([True, False, True, True]))
    assert np.asarray(asked.wanted().rows).tolist() == [57, 57, 0, 0]  # lane 1 speaks for its group
    assert [signal.update for signal in kept.seen] == [7]


def test_epsilon_is_one_for_all_lanes_or_one_for_each() -> None:
    assert decider(Kept(), [0, 0])[0].epsilon() == 0.5
    asked, _ = decider(Kept(), [0] * 4, lanes=Sweep(epsilon_end=(0.0, 0.5)))
    assert np.asarray(asked.epsilon()).tolist() == [[0.5], [0.5], [0.75], [0.75]]


def test_a_signal_tells_a_lanes_own_counters() -> None:
    asked, lanes = decider(Kept(), [3, 4, 5, 6], lanes=Sweep(epsilon_end=(0.0, 0.5)))
    lanes.samples += np.array([30, 40, 50, 60])
    lanes.batch_size += np.array([1, 2, 3, 4])
    told = asked.signal(2)
    assert (told.update, told.samples, told.batch_size, told.exploration) == (5, 50, 3, 0.75)
    assert (told.env_step, told.stored, told.learning) == (50, 50, True)
    lanes.stop(np.array([True, False, False, False]))
    assert asked.signal().update == 4
