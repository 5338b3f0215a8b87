"""A lane whose gradient is not finite leaves the run; the others do not notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from agents.dqn import DQN
from envs.probes import TwoStep
from rlbatch.errors import TrainingError
from rlbatch.learner import LearnerSettings
from rlbatch.schedule import BatchPlan, Epsilon, Fixed
from rlbatch.train import Evaluation, Trainer
from rlbatch.types import Record

MakeTrainer = Callable[..., Trainer]

# A network of six numbers on TwoStep: four weights of its two rooms, two biases of its actions.
PLAYS_0 = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]  # return 0
PLAYS_1 = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]  # return 1
OVERFLOWS = [0.0, 0.0, 0.0, 0.0, 0.0, 1e30]  # plays 1, but its squared error is infinite


def all_records(trainer: Trainer) -> list[Record]:
    return [r._replace(wall_s=0.0) for moment in trainer.records() for r in moment]


def fixed_lanes(make_trainer: MakeTrainer, *lanes: list[float], **settings: Any) -> Trainer:
    """Lanes with these parameters, that learning does not change."""
    told: dict[str, Any] = {"seeds": len(lanes), "learner": LearnerSettings(lr=0.0)} | settings
    trainer = make_trainer(env=TwoStep, agent=DQN(hidden=(), criterion="mse"), **told)
    trainer.learner.online.flat[:] = torch.tensor(lanes)
    trainer.best.state[:] = torch.tensor(lanes)
    return trainer


def returns(records: list[Record], lane: int) -> list[float]:
    return [float(r.values["return"]) for r in records if r.kind == "eval" and r.lane == lane]


def test_a_diverged_lane_is_told_once_as_an_event(make_trainer: MakeTrainer) -> None:
    told = all_records(fixed_lanes(make_trainer, PLAYS_0, OVERFLOWS, PLAYS_1))
    events = [r for r in told if r.kind == "event"]
    assert [(r.lane, r.seed, r.env_step, r.values["event"]) for r in events] == [
        (1, 4, 20, "diverged")
    ]


@pytest.mark.parametrize("rows", [8, "buffer"])
def test_a_diverged_lane_stops_where_it_was(make_trainer: MakeTrainer, rows: Any) -> None:
    plan = BatchPlan(schedule=Fixed(rows=rows))
    trainer = fixed_lanes(make_trainer, PLAYS_0, OVERFLOWS, PLAYS_1, batch=plan)
    told = all_records(trainer)
    assert max(r.env_step for r in told if r.lane == 1 and r.kind != "eval") == 20
    assert {r.env_step for r in told if r.lane == 1 and r.kind == "eval"} == {
        r.env_step for r in told if r.lane == 0 and r.kind == "eval"
    }
    assert not [r for r in told if r.kind == "train" and r.lane == 1 and r.update]
    assert trainer.buffer.stored().tolist() == [100, 20, 100]
    assert trainer.lanes.active.tolist() == [True, False, True]
    assert trainer.learner.updates.tolist() == [41, 1, 41]
    assert trainer.lanes.samples[1] == trainer.learner.updates[1] * (8 if rows == 8 else 20)
    assert trainer.learner.online.flat[1].tolist() == torch.tensor(OVERFLOWS).tolist()


def test_a_diverged_lane_scores_the_lowest_return_of_the_run(make_trainer: MakeTrainer) -> None:
    told = all_records(fixed_lanes(make_trainer, PLAYS_0, OVERFLOWS, PLAYS_1))
    assert [returns(told, lane) for lane in range(3)] == [[0.0] * 4, [0.0] * 4, [1.0] * 4]


def test_a_diverged_lane_scores_the_lowest_return_before_it_is_logged(
    make_trainer: MakeTrainer,
) -> None:
    evaluation = Evaluation(every=0.25, episodes=1, final_episodes=1)
    told = all_records(
        fixed_lanes(make_trainer, PLAYS_0, OVERFLOWS, log_every=1.0, evaluate=evaluation)
    )
    assert returns(told, 1) == [0.0] * 4  # it diverged at 20; 25, 50, 75, 100 are evaluated


def test_a_lane_that_diverged_after_an_evaluation_keeps_that_one(
    make_trainer: MakeTrainer,
) -> None:
    evaluation = Evaluation(every=0.1, episodes=1, final_episodes=1)
    told = all_records(fixed_lanes(make_trainer, PLAYS_0, OVERFLOWS, evaluate=evaluation))
    assert returns(told, 1) == [1.0] + [0.0] * 9  # at 10, before learning, it still counts


@pytest.mark.parametrize(
    "plan",
    [
        BatchPlan(schedule=Epsilon(explore=4, exploit=16), reference=16),
        BatchPlan(schedule=Epsilon(explore=4, exploit=16), reference=8, coupling="linear"),
        BatchPlan(schedule=Fixed(rows="buffer")),
    ],
)
@pytest.mark.parametrize("iso", ["updates", "samples"])
def test_the_other_lanes_go_on_as_without_it(
    make_trainer: MakeTrainer, plan: BatchPlan, iso: str
) -> None:
    healthy, ill = (make_trainer(seeds=3, batch=plan, iso=iso, env_steps=60) for _ in range(2))
    ill.learner.online.flat[1] = torch.nan
    wanted = [r for r in all_records(healthy) if r.lane != 1]
    assert [r for r in all_records(ill) if r.lane != 1] == wanted


def test_when_the_first_lane_diverges_the_schedule_follows_another(
    make_trainer: MakeTrainer,
) -> None:
    trainer = make_trainer(seeds=2, batch=BatchPlan(schedule=Epsilon(explore=4, exploit=16)))
    trainer.learner.online.flat[0] = torch.nan
    last = [r for r in all_records(trainer) if r.kind == "train"][-1]
    assert (last.lane, last.values["batch_size"]) == (1, 16)
    assert trainer.signal().samples == last.samples


def test_the_best_parameters_of_a_diverged_lane_are_those_from_before(
    make_trainer: MakeTrainer,
) -> None:
    trainer = fixed_lanes(make_trainer, PLAYS_0, PLAYS_1)
    trainer.learner.online.flat[0] = torch.nan
    all_records(trainer)
    assert trainer.best.state.tolist() == [PLAYS_0, PLAYS_1]


def test_a_run_whose_lanes_have_all_diverged_has_failed(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    trainer.learner.online.flat[:] = torch.nan
    told: list[Record] = []
    with pytest.raises(TrainingError, match="expected a lane with finite gradients, got none"):
        told.extend(record for moment in trainer.records() for record in moment)
    assert [r.lane for r in told if r.kind == "event"] == [0, 1]


def test_a_lane_alone_that_diverges_fails(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(seeds=1)
    trainer.learner.online.flat[:] = torch.nan
    with pytest.raises(TrainingError):
        all_records(trainer)
