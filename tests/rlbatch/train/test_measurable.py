"""A controller whose signal would never come is refused before the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from rlbatch.contract import Memory
from rlbatch.errors import ConfigError
from rlbatch.learner import HardTarget, LearnerSettings, NoiseScale, SGDSettings
from rlbatch.schedule import BatchPlan, ExcessLoss, Fixed, FollowNoise, ReuseGuard
from rlbatch.train import Trainer, TrainSettings
from rlbatch.train.measurable import require_measurable
from rlbatch.types import Signal

MakeTrainer = Callable[..., Trainer]


def noisy(low: int = 4, period: int = 500, **noise: Any) -> dict[str, Any]:
    """Settings that follow the noise scale from `low` rows on."""
    target = HardTarget(period=period)
    return {
        "batch": BatchPlan(schedule=FollowNoise(factor=1.0, low=low, high=16)),
        "learner": LearnerSettings(noise_scale=NoiseScale(**noise), target=target),
    }


def test_a_least_size_that_is_measured_is_taken(make_trainer: MakeTrainer) -> None:
    assert make_trainer(**noisy()).feedback is not None


def test_batches_too_small_for_chunks_are_refused(make_trainer: MakeTrainer) -> None:
    with pytest.raises(ConfigError, match=r"^batch\.schedule\.low: expected at least 16 rows, to"):
        make_trainer(**noisy(by="chunks", every=1))
    assert make_trainer(**noisy(by="chunks", every=1, chunk_rows=2)).feedback is not None


def test_targets_copied_too_often_to_measure_between_are_refused(make_trainer: MakeTrainer) -> None:
    message = r"at least 12 updates between copies of the target, got restart with 10\."
    with pytest.raises(ConfigError, match=message):
        make_trainer(**noisy(period=20))  # an update every 2 env steps, a measurement every 4
    assert make_trainer(**noisy(period=24)).feedback is not None
    assert make_trainer(**noisy(period=20, at_sync="average")).feedback is not None


class Aged:
    """Follows how old the drawn rows are."""

    signals: ClassVar[tuple[str, ...]] = ("sample_age",)
    low, high, largest = 4, 8, 8

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        return 4.0, {}


def test_accounts_that_nobody_keeps_are_refused() -> None:
    settings = TrainSettings(batch=BatchPlan(schedule=Aged()))
    with pytest.raises(ConfigError, match=r"^batch\.schedule: expected a run with sample_age, got"):
        require_measurable(settings, None, None)


def test_a_guard_of_reuse_needs_updates_to_be_what_is_fixed() -> None:
    plan = BatchPlan(schedule=ReuseGuard(reuse=8, low=4, high=8))
    with pytest.raises(ConfigError, match=r"expected a run of iso: updates for kind: reuse, got"):
        TrainSettings(batch=plan, iso="samples")


def test_cabs_and_a_rate_that_follows_b_in_a_line_are_refused_together() -> None:
    plan = BatchPlan(schedule=ExcessLoss(low=4, high=8), coupling="linear")
    learner = LearnerSettings(noise_scale=NoiseScale())
    with pytest.raises(ConfigError, match=r"^batch\.coupling: expected another rule than linear"):
        TrainSettings(batch=plan, learner=learner)


def test_a_second_moment_that_sgd_does_not_have_is_not_rescaled() -> None:
    learner = LearnerSettings(optimizer=SGDSettings())
    with pytest.raises(ConfigError, match=r"^batch\.moments: expected keep or reset, as SGD"):
        TrainSettings(batch=BatchPlan(moments="rescale"), learner=learner)


def test_a_warm_up_without_a_rule_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^batch\.warmup: expected 0, as the learning rate"):
        BatchPlan(warmup=10)


def test_whole_buffers_whose_size_is_ever_another_keep_their_moments() -> None:
    with pytest.raises(ConfigError, match=r"^batch\.moments: expected keep, as the buffer's size"):
        BatchPlan(schedule=Fixed(rows="buffer"), moments="reset")
