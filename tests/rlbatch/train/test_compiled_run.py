"""A run with compiled updates and steps makes the decisions of one without, on the same rows."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from agents.dqn import DQN
from envs.cartpole import CartPole
from envs.gymnasium import make as gymnasium
from rlbatch.learner.gradients import programs
from rlbatch.schedule import BatchPlan, Epsilon, Fixed
from rlbatch.train import Evaluation, Exploration, Learn, Trainer, TrainSettings
from rlbatch.train.acting import rollout as rollouts
from rlbatch.train.acting.player import Player
from rlbatch.train.sweep import Sweep
from rlbatch.types import Record

RUN: dict[str, Any] = {
    "seed": 3,
    "seeds": 2,
    "env_steps": 120,
    "learn": Learn(start=20, every=4),
    "exploration": Exploration(start=0.9, end=0.1),
    "batch": BatchPlan(schedule=Epsilon(explore=4, exploit=16)),
    "evaluate": Evaluation(every=0.25, episodes=1, final_episodes=2, max_length=12),
    "log_every": 0.1,
}


class Ran:
    """A run to its end."""

    def __init__(self, compile: bool, per_lane: int = 2, env: Any = CartPole, **own: Any) -> None:
        told = TrainSettings(**(RUN | own))
        self.trainer = Trainer(told, DQN(hidden=(8,)), env, per_lane=per_lane, compile=compile)
        self.met: list[tuple[int, int]] = []  # env steps and B of updates
        update = self.trainer.learner.update

        def noting(batch: Any, **told: Any) -> Any:
            self.met.append((self.trainer.lanes.now, batch.reward.shape[1]))
            return update(batch, **told)

        self.trainer.learner.update = noting  # type: ignore[method-assign]
        self.records = [record for moment in self.trainer.records() for record in moment]

    def of(self, kind: str) -> list[Record]:
        return [record for record in self.records if record.kind == kind]


def like(one: Record, other: Record) -> bool:
    """The same but for rounding, and for how long it took?"""
    pairs = zip(one.values.items(), other.values.items(), strict=True)
    same = one._replace(wall_s=0.0, values={}) == other._replace(wall_s=0.0, values={})
    return same and all(a == b and near(x, y) for (a, x), (b, y) in pairs)


def near(one: float | str, other: float | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-5) or (one != one and other != other)


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are the functions themselves."""
    for room in (programs, rollouts):
        monkeypatch.setattr(room, "compiled", lambda function, example, **options: function)


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"per_lane": 1, "learn": Learn(start=21, every=3, count=2)},
        {"per_lane": 3, "env_steps": 100, "log_every": 0.07},  # no boundary is met exactly
        {"learn": Learn(start=20, every=8), "evaluate": Evaluation(every=0.15, max_length=5)},
        {"lanes": Sweep(epsilon_start=(0.2, 1.0))},
    ],
)
def test_a_run_of_programs_is_the_run_without(uncompiled: None, own: Any) -> None:
    ran, usual = (Ran(compile, **own) for compile in (True, False))
    assert len(ran.records) == len(usual.records)
    assert all(map(like, ran.records, usual.records))
    assert ran.met == usual.met
    columns = zip(ran.trainer.buffer.whole(), usual.trainer.buffer.whole(), strict=True)
    assert all(torch.allclose(mine, theirs) for mine, theirs in columns)
    apart = ran.trainer.learner.online.flat - usual.trainer.learner.online.flat
    assert apart.abs().max() <= 1e-5


def test_programs_roll_and_every_boundary_is_met(
    uncompiled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rolled: list[int] = []
    roll = Player._roll

    def noting(own: Player, rollout: Any, now: int) -> None:
        rolled.append(now)
        roll(own, rollout, now)

    monkeypatch.setattr(Player, "_roll", noting)
    ran = Ran(True, learn=Learn(start=20, every=8), evaluate=Evaluation(every=0.25, max_length=5))
    assert rolled == [0, 16, 40, 48, 64, 72, 96, 112]  # where 8 env steps pass no 12th and no 30th
    assert sorted({r.env_step for r in ran.of("eval")}) == [30, 60, 90, 120]
    assert sorted({r.env_step for r in ran.of("train")}) == list(range(12, 121, 12))
    assert [now for now, _ in ran.met] == list(range(24, 121, 8))


def test_inductor_makes_the_run_of_eager_learners() -> None:
    """A program of two lanes at B 16, and one of two steps."""
    own: dict[str, Any] = {"batch": BatchPlan(schedule=Fixed(rows=16)), "learn": Learn(start=20)}
    ran, usual = (Ran(compile, per_lane=1, **own) for compile in (True, False))
    assert len(ran.records) == len(usual.records)
    assert all(map(like, ran.records, usual.records))
    assert ran.met == usual.met


def test_environments_that_are_no_tensors_are_stepped_one_by_one(uncompiled: None) -> None:
    def env(**told: Any) -> Any:
        return gymnasium("CartPole-v1", **told)

    ran, usual = (Ran(compile, env=env) for compile in (True, False))
    assert all(map(like, ran.records, usual.records))


def test_a_run_that_is_stopped_ends_where_it_is(uncompiled: None) -> None:
    ended = Trainer(TrainSettings(**RUN), DQN(hidden=(8,)), CartPole, compile=True)
    for moment in ended.records():
        if moment[0].env_step >= 60:
            ended.stop()
    assert ended.stopped
    assert ended.lanes.now == 60
