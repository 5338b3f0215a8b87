"""A controller whose signals the run does not produce is refused before the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from rlbatch.contract import Memory
from rlbatch.errors import ConfigError
from rlbatch.learner import LearnerSettings, NoiseScale, SGDSettings
from rlbatch.metrics.names import TRAIN
from rlbatch.replay import Replay
from rlbatch.schedule import BatchPlan, controllers
from rlbatch.train import TrainSettings
from rlbatch.train.signals import EPISODES, HELD_OUT, LOGGED, NOISE, UPDATES
from rlbatch.types import Signal

NEEDED: Mapping[str, dict[str, Any]] = {
    "FollowNoise": {"factor": 0.5},
    "FollowReturn": {"worst": -1.0, "best": 1.0},
    "PlateauDoubling": {"patience": 1000},
    "ReuseGuard": {"reuse": 8.0},
}
MEASURING = LearnerSettings(noise_scale=NoiseScale())


def needing(*names: str) -> BatchPlan:
    """A plan with a controller that needs these signals."""

    @dataclass(frozen=True)
    class Needing:
        low: int = 8
        high: int = 64
        signals: ClassVar[tuple[str, ...]] = names

        def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
            return 8.0, {}

    return BatchPlan(schedule=Needing())


def plan(name: str) -> BatchPlan:
    maker = getattr(controllers, name)
    return BatchPlan(schedule=maker(low=8, high=64, **NEEDED.get(name, {})))


@pytest.mark.parametrize("name", controllers.__all__)
def test_every_controller_is_taken_where_the_noise_scale_is_measured(name: str) -> None:
    assert TrainSettings(batch=plan(name), learner=MEASURING).batch.closed


@pytest.mark.parametrize(
    ("name", "signal"),
    [
        ("FollowNoise", "noise_scale"),
        ("Goodput", "noise_scale"),
        ("NormTest", "grad_trace"),
        ("ExcessLoss", "grad_trace"),
    ],
)
def test_without_it_those_that_need_it_are_refused_and_told_how(name: str, signal: str) -> None:
    message = (
        rf"^batch\.schedule: expected a run with {signal}, got one that does not produce it "
        rf"\({name} needs it\)\. Set learner\.noise_scale: \{{\}}\.$"
    )
    with pytest.raises(ConfigError, match=message):
        TrainSettings(batch=plan(name))


def test_the_others_need_nothing_that_is_not_there() -> None:
    others = set(controllers.__all__) - {"FollowNoise", "Goodput", "NormTest", "ExcessLoss"}
    assert len(others) == 5
    assert all(TrainSettings(batch=plan(name)).batch.closed for name in others)


def test_a_signal_that_nobody_produces_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"a run with returns, got .+ Did you mean 'return'\?$"):
        TrainSettings(batch=needing("loss", "returns"))


def test_validation_error_needs_episodes_that_are_held_out() -> None:
    batch = needing("val_td")
    with pytest.raises(ConfigError, match=r"a run with val_td, .+ Set replay\.validation: 10"):
        TrainSettings(batch=batch)
    assert TrainSettings(batch=batch, replay=Replay(validation=10)).batch.closed


def test_what_is_called_logged_is_logged() -> None:
    assert {*LOGGED, *HELD_OUT, *EPISODES, *NOISE} <= set(TRAIN)
    assert len({*LOGGED, *HELD_OUT, *EPISODES, *NOISE, *UPDATES}) == 24


def test_schedules_without_feedback_need_nothing() -> None:
    assert not TrainSettings(batch=BatchPlan()).batch.closed


def test_a_rule_for_adam_is_refused_with_sgd() -> None:
    sgd = LearnerSettings(optimizer=SGDSettings())
    with pytest.raises(ConfigError, match=r"^batch\.coupling: expected a rule for SGD: .+ got sde"):
        TrainSettings(batch=BatchPlan(coupling="sde"), learner=sgd)
