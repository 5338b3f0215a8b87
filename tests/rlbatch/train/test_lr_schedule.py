"""The learning rate of every update of a run that warms up and decays by rows drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rlbatch.learner import LearnerSettings, LrSchedule
from rlbatch.schedule import BatchPlan, Fixed
from rlbatch.train import Sweep, Trainer, TrainSettings
from rlbatch.train.lanes import Lanes
from rlbatch.train.rates import Rates

MakeTrainer = Callable[..., Trainer]


def rates(schedule: LrSchedule | None, **told: Any) -> tuple[Rates, Lanes]:
    """Two lanes with lr 0.5 at 100 rows."""
    settings = TrainSettings(
        seeds=2,
        lanes=told.pop("lanes", Sweep()),
        learner=LearnerSettings(lr=0.5, lr_schedule=schedule),
        batch=BatchPlan(reference=100, **told),
    )
    lanes = Lanes(settings.lane_seeds)
    return Rates(settings, lanes), lanes


def of(found: Rates, *rows: int) -> list[float]:
    """The learning rates of lanes with these rows."""
    lr = found.of(np.array(rows), np.array(rows, np.float64))
    assert isinstance(lr, np.ndarray)
    told: list[float] = lr.tolist()
    return told


def test_without_a_schedule_no_array_is_made() -> None:
    found, _ = rates(None)
    assert type(found.of(100, 100.0)) is float


def test_the_first_update_has_the_share_of_its_own_rows() -> None:
    found, _ = rates(LrSchedule(warmup=400))
    assert of(found, 100, 400) == [0.125, 0.5]
    assert np.asarray(found.of(200, 200.0)).tolist() == [0.25, 0.25]


def test_each_lane_goes_by_its_own_rows() -> None:
    found, lanes = rates(LrSchedule(warmup=400, decay="linear", over=1000))
    lanes.samples[:] = [100, 800]
    assert of(found, 100, 100) == [0.25, 0.25]


def test_it_multiplies_what_the_coupling_asks_for_on_its_way_after_a_jump() -> None:
    """Lane 1 jumps to four times the rows: half of the way from 1 to 4 after 200, so 2.5."""
    found, lanes = rates(LrSchedule(warmup=1000), coupling="linear", warmup=400)
    of(found, 100, 100)
    lanes.samples += 100
    of(found, 100, 400)
    lanes.samples += 200
    assert of(found, 100, 400) == pytest.approx([0.5 * 0.4, 0.5 * 2.5 * 0.7])


def test_swept_rates_decay_each_from_its_own() -> None:
    found, lanes = rates(LrSchedule(decay="linear", over=400), lanes=Sweep(lr=(0.2, 0.4)))
    lanes.samples += 100
    assert of(found, 100, 100, 100, 100) == [0.1, 0.1, 0.2, 0.2]


def test_every_update_of_a_run_is_told_its_rate(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """41 updates of 4 rows: four of warm-up, twenty of decay to a tenth, and on at that."""
    schedule = LrSchedule(warmup=16, decay="linear", over=80, end=0.1)
    trainer = make_trainer(
        batch=BatchPlan(schedule=Fixed(rows=4), reference=4),
        learner=LearnerSettings(lr=1.0, lr_schedule=schedule),
    )
    told: list[Any] = []
    update = trainer.learner.update

    def noted(*own: Any, **named: Any) -> Any:
        told.append(named["lr"].tolist())
        return update(*own, **named)

    monkeypatch.setattr(trainer.learner, "update", noted)
    logged = [r for moment in trainer.records() for r in moment if r.kind == "train"]
    falling = [1.0 - 0.9 * k / 20 for k in range(1, 21)]
    wanted = np.array([0.25, 0.5, 0.75, 1.0, *falling, *[0.1] * 17])
    assert np.array(told) == pytest.approx(np.stack((wanted, wanted), 1))
    assert logged[-1].values["lr"] == pytest.approx(0.1)
