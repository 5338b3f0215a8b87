"""val_td: what it says by hand, when it is logged, and that measuring it changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from gymnasium import spaces

from agents.dqn import DQN
from rlbatch.learner import Learner
from rlbatch.replay import Replay, ReplayBuffer
from rlbatch.train import Exploration, Trainer, measures
from rlbatch.train.held_out import val_td
from rlbatch.types import Record

MakeTrainer = Callable[..., Trainer]
ROOMS = spaces.Discrete(2)
HELD_OUT = Replay(validation=2)


def told(trainer: Trainer, lane: int | None = None) -> list[Record]:
    """The lines of a lane (None: of all), without wall time."""
    records = [r._replace(wall_s=0.0) for moment in trainer.records() for r in moment]
    return [r for r in records if r.kind == "train" and lane in (None, r.lane)]


def without(records: list[Record], name: str) -> list[Record]:
    return [r._replace(values={k: v for k, v in r.values.items() if k != name}) for r in records]


@pytest.fixture
def learner() -> Learner:
    """Two lanes that expect nothing, so that |δ| is |r|."""
    learner = Learner(DQN(hidden=()), ROOMS, ROOMS, seeds=[3, 4])
    for parameters in (learner.online, learner.target):
        parameters.flat[:] = 0.0
    return learner


@pytest.fixture
def buffer() -> ReplayBuffer:
    """Rewards 1 and then 3; every second episode is held out, and lane 1 has seen but one."""
    buffer = ReplayBuffer(8, ROOMS, ROOMS, lanes=2, validation=2)
    room, yes = np.zeros((2, 1), np.int64), np.ones((2, 1), np.bool_)
    for reward, valid in ((1.0, [True, True]), (-3.0, [True, False])):
        step = room, room, room + reward, room, yes, ~yes
        buffer.add(*step, valid=np.array(valid)[:, None])
    return buffer


def test_it_is_the_mean_error_of_held_out_rows(learner: Learner, buffer: ReplayBuffer) -> None:
    learner.updates += 1
    assert val_td(learner, buffer) == [{"val_td": 3.0}, {}]  # lane 1 holds none out


def test_before_a_lanes_first_update_there_is_none(learner: Learner, buffer: ReplayBuffer) -> None:
    assert val_td(learner, buffer) == [{}, {}]
    learner.updates += np.array([0, 1])
    assert val_td(learner, buffer) == [{}, {}]


def test_it_is_logged_once_there_is_something_to_measure(make_trainer: MakeTrainer) -> None:
    always = Exploration(start=1.0, end=1.0)
    lines = told(make_trainer(replay=HELD_OUT, exploration=always, log_every=0.01), 0)
    there = ["val_td" in r.values for r in lines]
    assert there == sorted(there)
    assert 0 < there.index(True) < 60
    assert not any(there[r.env_step - 1] for r in lines if r.update == 0)


def test_without_a_share_held_out_it_is_not_logged(make_trainer: MakeTrainer) -> None:
    assert not [r for r in told(make_trainer()) if "val_td" in r.values]


def test_measuring_it_changes_nothing(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = told(make_trainer(replay=HELD_OUT))
    monkeypatch.setattr(measures, "val_td", lambda learner, buffer: [{}, {}])
    bare = told(make_trainer(replay=HELD_OUT))
    assert without(measured, "val_td") == bare
    assert measured != bare


def test_a_lane_reads_what_it_would_alone(make_trainer: MakeTrainer) -> None:
    always = Exploration(start=1.0, end=1.0)
    among, alone = (
        [
            (r.env_step, r.values["val_td"])
            for r in told(make_trainer(replay=HELD_OUT, exploration=always, **seeds), lane)
            if "val_td" in r.values
        ]
        for seeds, lane in (({"seed": 3, "seeds": 3}, 2), ({"seed": 5, "seeds": 1}, 0))
    )
    assert [step for step, _ in among] == [step for step, _ in alone]
    assert [value for _, value in among] == pytest.approx([v for _, v in alone], abs=1e-5)
