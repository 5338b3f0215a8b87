"""A lane that has had no new best for long stops and is evaluated on; the others do not notice."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from agents.dqn import DQN
from envs.probes import Endless, TwoStep
from rlbatch.learner import LearnerSettings
from rlbatch.replay import Replay
from rlbatch.schedule import BatchPlan, Epsilon
from rlbatch.train import Evaluation, Stop, Trainer
from rlbatch.train.evaluate import EVALUATION_SEED
from rlbatch.types import Record, Step

MakeTrainer = Callable[..., Trainer]
FELL = (9.0, 1.0, 2.0, 1.0, 2.0, 7.0, 7.0, 7.0, 7.0, 7.0)  # before learning, at 10, it is best
ROSE = tuple(float(y) for y in range(10))
RESTED = (0.0, *[3.0] * 9)
EPSILON = Epsilon(explore=4, exploit=16)
TWO = Stop(on="eval_return", patience=2)


class Curves(TwoStep):
    """Trains as TwoStep does; lane l's evaluation number k returns `curves[l][k]`."""

    def __init__(self, curves: Sequence[Sequence[float]], **told: Any) -> None:
        super().__init__(**told)
        self._told = torch.tensor(curves) if told["seeds"][0] == EVALUATION_SEED else None
        self._number = -2 if told["per_lane"] == 2 else -1  # the final one is the curve's last

    def reset(self) -> Tensor:
        self._number += 1
        return super().reset()

    def step(self, action: Tensor) -> Step:
        step = super().step(action)
        if self._told is None:
            return step
        return step._replace(reward=self._told[:, self._number, None] * step.terminated)


@pytest.fixture(scope="module")
def make(make_trainer: MakeTrainer) -> Callable[..., Trainer]:
    """A trainer of a lane for each curve; evaluations at 10, 20, ..., learning from 20 on."""

    def made(*curves: Sequence[float], **settings: Any) -> Trainer:
        told: dict[str, Any] = {"seeds": len(curves), "stop": TWO, "log_every": 0.1}
        told["evaluate"] = Evaluation(every=0.1, episodes=1, final_episodes=2)
        told["learner"] = LearnerSettings(lr=0.01)
        return make_trainer(env=functools.partial(Curves, curves), **(told | settings))

    return made


Told = tuple[Trainer, list[Record], list[Any]]


@pytest.fixture(scope="module")
def ran(make: Callable[..., Trainer]) -> Callable[..., Told]:
    """A trainer of these curves at its end, its records, and what its lanes were at each event."""

    @functools.cache
    def run(*curves: tuple[float, ...]) -> Told:
        trainer, told, then = make(*curves), list[Record](), list[Any]()
        for moment in trainer.records():
            told += moment
            if moment[0].kind == "event":
                then += [[state(trainer, lane) for lane in range(len(curves))]]
        return trainer, told, then

    return run


def all_records(trainer: Trainer) -> list[Record]:
    return [r._replace(wall_s=0.0) for moment in trainer.records() for r in moment]


def events(records: list[Record]) -> list[tuple[int, int, int, Any]]:
    told = [r for r in records if r.kind == "event"]
    return [(r.lane, r.seed, r.env_step, r.values["event"]) for r in told]


def last(records: list[Record], kind: str, lane: int) -> int:
    return max(r.env_step for r in records if (r.kind, r.lane) == (kind, lane))


def returns(records: list[Record], lane: int) -> list[Any]:
    return [r.values["return"] for r in records if r.kind == "eval" and r.lane == lane]


def state(trainer: Trainer, lane: int) -> dict[str, list[Any]]:
    """All that a lane has learned, optimiser included."""
    told = trainer.learner.state_dict()
    return {name: tensor[lane].tolist() for name, tensor in told.items()}


def test_a_lane_stops_on_its_own_curve_and_the_other_goes_on(ran: Callable[..., Told]) -> None:
    trainer, told, _ = ran(FELL, ROSE)
    assert events(told) == [(0, 3, 50, "stopped")]  # best at 30; readings at 40 and 50 are not
    steps = [[r.env_step for r in told if r.kind == "train" and r.lane == k] for k in (0, 1)]
    assert steps == [[10, 20, 30, 40, 50], list(range(10, 101, 10))]
    assert trainer.buffer.stored().tolist() == [50, 100]
    assert trainer.learner.updates.tolist() == [16, 41]  # at 20, 22, ..., 50
    assert trainer.lanes.stopped_early.tolist() == [True, False]
    assert not trainer.stopped


def test_the_event_says_why(ran: Callable[..., Told]) -> None:
    told = [r for r in ran(FELL, ROSE)[1] if r.kind == "event"]
    assert [r.values["reason"] for r in told] == ["no new best eval_return for 2 evaluations"]


def test_a_lane_that_stopped_stays_as_it_was(ran: Callable[..., Told]) -> None:
    trainer, _, (then,) = ran(FELL, ROSE)
    assert state(trainer, 0) == then[0]
    assert state(trainer, 1)["online"] != then[1]["online"]


def test_a_lane_that_stopped_scores_what_it_plays(ran: Callable[..., Told]) -> None:
    trainer, told, _ = ran(FELL, ROSE)
    assert returns(told, 0) == [*FELL, 7.0]  # two episodes at the end
    assert returns(told, 1) == [*ROSE, 9.0]
    assert trainer.best.returns.tolist() == [9.0, 9.0]


@pytest.mark.parametrize("batch", [BatchPlan(), BatchPlan(schedule=EPSILON, reference=16)])
@pytest.mark.parametrize("iso", ["updates", "samples"])
def test_the_others_go_on_as_without_it(make: MakeTrainer, batch: BatchPlan, iso: str) -> None:
    told, wanted = (
        all_records(make(FELL, ROSE, FELL, batch=batch, iso=iso, stop=stop)) for stop in (TWO, None)
    )
    assert len(events(told)) == 2
    assert [r for r in told if r.lane == 1] == [r for r in wanted if r.lane == 1]


@pytest.mark.parametrize(("curve", "step"), [(FELL, 50), (RESTED, 40)])
def test_a_seed_alone_stops_where_it_does_among_others(
    make: MakeTrainer, curve: tuple[float, ...], step: int
) -> None:
    among, alone = make(ROSE, curve, seed=3), make(curve, seed=4)
    told, own = all_records(among), all_records(alone)
    assert events(told) == [(1, 4, step, "stopped")]
    assert events(own) == [(0, 4, step, "stopped")]
    assert alone.learner.online.flat[0].tolist() == pytest.approx(
        among.learner.online.flat[1].tolist(), abs=1e-5
    )


def test_when_all_lanes_have_stopped_the_run_is_over(ran: Callable[..., Told]) -> None:
    trainer, told, _ = ran(FELL, RESTED)
    assert events(told) == [(1, 4, 40, "stopped"), (0, 3, 50, "stopped")]
    assert (trainer.lanes.now, trainer.over, trainer.stopped) == (50, True, False)


def test_the_last_evaluation_of_a_run_that_stopped_is_the_final_one(
    ran: Callable[..., Told],
) -> None:
    told = ran(FELL, RESTED)[1]
    final = [r for r in told if r.kind == "eval" and r.env_step == 50]
    assert [(r.lane, r.values["episode"]) for r in final] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert returns(told, 0) == [*FELL[:4], 7.0, 7.0]


def test_the_log_of_decisions_ends_where_a_lane_stopped(ran: Callable[..., Told]) -> None:
    for curves, steps in (((FELL, ROSE), [50, 100]), ((FELL, RESTED), [50, 40])):
        told = [r for r in ran(*curves)[1] if r.kind == "batch"]
        ends = [(r.lane, r.env_step) for r in told if r.values["batch_size"] == 0]
        assert ends == list(enumerate(steps))


def test_at_the_end_of_the_budget_nothing_stops_any_more(make: MakeTrainer) -> None:
    told = all_records(make([0.0] * 10, stop=Stop(on="eval_return", patience=8)))
    assert events(told) == []  # the eighth reading without a new best is the one at 100
    assert events(all_records(make([0.0] * 10, stop=Stop(on="eval_return", patience=7)))) == [
        (0, 3, 90, "stopped")
    ]


@pytest.mark.parametrize("ill", [0, 1])
def test_a_run_of_lanes_that_stopped_or_diverged_has_finished(make: MakeTrainer, ill: int) -> None:
    trainer = make(FELL, FELL)
    trainer.learner.online.flat[ill] = torch.nan
    told = all_records(trainer)
    assert events(told) == [(ill, 3 + ill, 20, "diverged"), (1 - ill, 4 - ill, 50, "stopped")]
    assert returns(told, ill)[-2:] == [1.0, 1.0]  # the lowest of the run
    assert returns(told, 1 - ill)[-2:] == [7.0, 7.0]
    assert trainer.lanes.stopped_early.tolist() == [ill == 1, ill == 0]


def test_a_lane_that_diverges_after_the_others_stopped_does_not_fail_the_run(
    make: MakeTrainer,
) -> None:
    trainer = make(RESTED, ROSE, log_every=1.0)
    told: list[Record] = []
    for moment in trainer.records():
        told += moment
        if moment[0].kind == "event" and moment[0].lane == 0:
            trainer.learner.online.flat[1] = torch.nan
    assert events(told) == [(0, 3, 40, "stopped"), (1, 4, 50, "diverged")]
    assert [last(told, kind, 1) for kind in ("eval", "batch")] == [50, 50]


@pytest.fixture
def endless(make_trainer: MakeTrainer) -> Callable[..., Trainer]:
    """Two lanes in the room without end that expect nothing: |δ| is 1 in every row."""

    def made(**settings: Any) -> Trainer:
        told: dict[str, Any] = {"learner": LearnerSettings(lr=0.0), "log_every": 0.05}
        told["replay"] = Replay(validation=2)  # of episodes of 5 steps, every second
        told["stop"] = Stop(on="val_td", patience=3)
        trainer = make_trainer(env=Endless, agent=DQN(hidden=()), **(told | settings))
        for parameters in (trainer.learner.online, trainer.learner.target):
            parameters.flat[:] = 0.0
        return trainer

    return made


def test_a_lane_stops_on_the_error_of_what_is_held_out(endless: MakeTrainer) -> None:
    trainer = endless()
    told = all_records(trainer)
    assert events(told) == [(0, 3, 35, "stopped"), (1, 4, 35, "stopped")]  # 20; 25, 30, 35
    assert [last(told, kind, 0) for kind in ("train", "eval", "batch")] == [35, 35, 35]
    assert [r.values["episode"] for r in told if r.kind == "eval" and r.lane == 1] == [0, 1]


def test_a_falling_error_keeps_a_lane_going(endless: MakeTrainer) -> None:
    told = all_records(endless(learner=LearnerSettings(lr=0.01)))
    assert events(told) == []
    assert last(told, "train", 0) == 100


def test_waiting_begins_with_the_first_reading(endless: MakeTrainer) -> None:
    trainer = endless(replay=Replay(validation=8))  # the eighth episode begins after 35 steps
    assert events(all_records(trainer))[0] == (0, 3, 55, "stopped")  # 40; 45, 50, 55
