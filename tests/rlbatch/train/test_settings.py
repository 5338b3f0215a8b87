"""When to explore, when to learn, when to evaluate: by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import ConfigError
from rlbatch.learner import (
    AdamWSettings,
    LAMBSettings,
    LARSSettings,
    LearnerSettings,
    OptimizerSettings,
    RMSPropSettings,
    SGDSettings,
)
from rlbatch.replay import Replay
from rlbatch.schedule import BatchPlan, Epsilon, Fixed
from rlbatch.train import Evaluation, Exploration, Learn, Stop, TrainSettings


@pytest.mark.parametrize(
    ("env_step", "rate"), [(0, 1.0), (10, 0.8), (25, 0.5), (40, 0.2), (50, 0.0), (100, 0.0)]
)
def test_epsilon_falls_in_a_line_and_then_rests(env_step: int, rate: float) -> None:
    exploration = Exploration(start=1.0, end=0.0, fraction=0.5)
    assert exploration.rate(env_step, 100) == pytest.approx(rate)


@pytest.mark.parametrize(("env_step", "slope"), [(0, -0.01), (39, -0.01), (40, 0.0), (99, 0.0)])
def test_the_slope_is_the_change_per_env_step(env_step: int, slope: float) -> None:
    exploration = Exploration(start=0.9, end=0.5, fraction=0.4)
    assert exploration.slope(env_step, 100) == pytest.approx(slope)


def test_the_slope_is_the_difference_of_two_rates() -> None:
    exploration = Exploration(start=0.9, end=0.1, fraction=1.0)
    difference = exploration.rate(8, 50) - exploration.rate(7, 50)
    assert exploration.slope(7, 50) == pytest.approx(difference)


@pytest.mark.parametrize(
    "options",
    [
        {"start": 1.1},
        {"end": -0.1},
        {"start": 0.1, "end": 0.2},
        {"fraction": 0.0},
        {"fraction": 1.1},
        {"start": float("nan")},
        {"fraction": float("nan")},
    ],
)
def test_an_exploration_that_cannot_be_is_refused(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="exploration"):
        Exploration(**options)


@pytest.mark.parametrize(
    ("start", "every", "before", "now", "due"),
    [
        (0, 1, 0, 1, 1),
        (0, 2, 0, 1, 0),
        (0, 2, 1, 2, 1),
        (10, 2, 8, 9, 0),  # 9 is not 10
        (10, 2, 9, 10, 1),  # `start` itself counts
        (10, 3, 9, 10, 0),  # but 10 is no multiple of 3
        (10, 3, 11, 12, 1),
        (10, 4, 0, 8, 0),  # 4 and 8 are before 10
        (10, 4, 0, 16, 2),  # 12 and 16
        (5, 2, 4, 12, 4),  # 6, 8, 10, 12 with E = 8
        (1000, 256, 1023, 1024, 1),
        (1000, 256, 1024, 1279, 0),
        (1000, 256, 1279, 1280, 1),
    ],
)
def test_multiples_of_every_are_due_from_start_on(
    start: int, every: int, before: int, now: int, due: int
) -> None:
    assert Learn(start=start, every=every).due(before, now) == due


@given(start=st.integers(0, 40), every=st.integers(1, 12), per_lane=st.integers(1, 9))
def test_what_is_due_is_what_counting_finds(start: int, every: int, per_lane: int) -> None:
    learn = Learn(start=start, every=every)
    for before in range(0, 60, per_lane):
        passed = range(before + 1, before + per_lane + 1)
        counted = sum(step % every == 0 and step >= start for step in passed)
        assert learn.due(before, before + per_lane) == counted


@pytest.mark.parametrize("options", [{"start": -1}, {"every": 0}, {"count": 0}])
def test_a_rhythm_that_cannot_be_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="learn"):
        Learn(**options)


@pytest.mark.parametrize(
    "options", [{"every": 0.0}, {"every": 1.5}, {"episodes": 0}, {"max_length": 0}]
)
def test_an_evaluation_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="evaluate"):
        Evaluation(**options)


def test_lane_k_has_seed_plus_k() -> None:
    assert TrainSettings(seed=4, seeds=3).lane_seeds == [4, 5, 6]


@pytest.mark.parametrize(
    ("share", "steps"), [(0.01, 2), (1.0, 200), (0.001, 1), (0.25, 50), (0.005, 1)]
)
def test_a_share_of_the_budget_is_at_least_one_env_step(share: float, steps: int) -> None:
    assert TrainSettings(env_steps=200, learn=Learn(start=0)).points(share) == steps


@pytest.mark.parametrize(
    "options",
    [
        {"seed": -1},
        {"seeds": 0},
        {"env_steps": 0},
        {"env_steps": 1000},  # learning would start at the end
        {"log_every": 0.0},
        {"checkpoint_every": 1.1},
        {"batch": BatchPlan(schedule=Fixed(rows=65)), "replay": Replay(capacity=64)},
        {
            "batch": BatchPlan(schedule=Epsilon(explore=1, exploit=2)),
            "exploration": Exploration(start=0.1, end=0.1),
        },
    ],
)
def test_a_run_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        TrainSettings(**options)


def test_a_batch_as_large_as_the_capacity_is_fine() -> None:
    plan = BatchPlan(schedule=Fixed(rows=64))
    assert TrainSettings(batch=plan, replay=Replay(capacity=64)).batch.largest() == 64


def test_stopping_on_what_is_held_out_needs_something_held_out() -> None:
    stop = Stop(on="val_td", patience=5)
    told = r"^stop\.on: expected eval_return, as no episode is held out, got val_td\. Set replay\.v"
    with pytest.raises(ConfigError, match=told):
        TrainSettings(stop=stop)
    assert TrainSettings(stop=stop, replay=Replay(validation=10)).stop == stop
    assert TrainSettings(stop=Stop(on="eval_return", patience=5)).replay.validation is None


@pytest.mark.parametrize("optimizer", [AdamWSettings(), LAMBSettings(), RMSPropSettings()])
def test_a_second_moment_can_be_rescaled(optimizer: OptimizerSettings) -> None:
    plan, learner = BatchPlan(moments="rescale"), LearnerSettings(optimizer=optimizer)
    assert TrainSettings(batch=plan, learner=learner).batch == plan


@pytest.mark.parametrize("optimizer", [SGDSettings(momentum=0.9), LARSSettings()])
def test_what_has_no_second_moment_cannot_be_rescaled(optimizer: OptimizerSettings) -> None:
    wanted = f"keep or reset, as {optimizer.kind.upper()} has no second moment, got rescale"
    with pytest.raises(ConfigError, match=rf"^batch\.moments: expected {wanted}"):
        TrainSettings(
            batch=BatchPlan(moments="rescale"), learner=LearnerSettings(optimizer=optimizer)
        )


@pytest.mark.parametrize("lr", [-1.0, float("nan"), float("inf")])
def test_a_learning_rate_that_cannot_be_is_refused(lr: float) -> None:
    with pytest.raises(ConfigError, match=r"learner\.lr"):
        LearnerSettings(lr=lr)
