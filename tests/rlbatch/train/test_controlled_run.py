"""Runs whose batch size follows the learner: B moves for the reason told, lane by lane."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from rlbatch import files
from rlbatch.contract import Controller
from rlbatch.errors import ConfigError
from rlbatch.learner import (
    LearnerSettings,
    NoiseScale,
)
from rlbatch.metrics import CsvSink
from rlbatch.schedule import (
    AdaptiveScaling,
    BatchPlan,
    Control,
    Dispersion,
    ExcessLoss,
    FollowNoise,
    FollowReturn,
    Goodput,
    Ladder,
    NormTest,
    PlateauDoubling,
    ReuseGuard,
)
from rlbatch.schedule.control import nans_in
from rlbatch.schedule.trajectories import trajectories
from rlbatch.train import Trainer
from rlbatch.train import feedback as feedback_module
from rlbatch.train.progress import LineReporter
from rlbatch.train.run import run
from rlbatch.types import Batch, Record

MakeTrainer = Callable[..., Trainer]
Drawn = Callable[[Trainer], list[Batch]]
BOUNDS: dict[str, Any] = {"low": 4, "high": 32}
EVERY = Control(every=4)
FAST = LearnerSettings(lr=0.02, noise_scale=NoiseScale())

# What a controller asks about, told so that B must rise from 4 to 32, and so that it must fall.
NOISY: dict[str, Any] = {"noise_low": 90.0, "noise_high": 110.0}
MOVES: list[tuple[Controller, Mapping[str, float], Mapping[str, float]]] = [
    (AdaptiveScaling(**BOUNDS, window=1), {"divergence": 0.0}, {"divergence": 1.0}),
    (
        Dispersion(**BOUNDS),
        {"td_error": 1.0, "td_square": 9.0},
        {"td_error": 1.0, "td_square": 1.0},
    ),
    (
        FollowNoise(**BOUNDS, factor=1.0),
        {"noise_scale": 100.0, **NOISY},
        {"noise_scale": 1.0, **NOISY},
    ),
    (
        FollowReturn(**BOUNDS, worst=0.0, best=1.0, smoothing=0.0),
        {"return": 1.0},
        {"return": 0.0},
    ),
    (
        ExcessLoss(**BOUNDS, floor=0.0),
        {"loss": 1e-6, "grad_trace": 1.0},
        {"loss": 1e6, "grad_trace": 1.0},
    ),
    (
        Goodput(**BOUNDS),
        {"noise_scale": 1e9, **{f"throughput_{b}": 1.0 * b for b in (4, 8, 16, 32)}},
        {"noise_scale": 1.0, **{f"throughput_{b}": 100.0 for b in (4, 8, 16, 32)}},
    ),
]
RISES_ONLY: list[tuple[Controller, Mapping[str, float], Mapping[str, float]]] = [
    (
        NormTest(**BOUNDS),
        {"grad_trace": 1e6, "grad_square": 1.0},
        {"grad_trace": 1.0, "grad_square": 1e6},
    ),
    (PlateauDoubling(**BOUNDS, patience=1), {"return": 0.0}, {"return": math.nan}),
]
ALL = [*(controller for controller, _, _ in (*MOVES, *RISES_ONLY)), ReuseGuard(**BOUNDS, reuse=8.0)]
kinds = pytest.mark.parametrize("controller", ALL, ids=lambda own: own.kind)


def trainer_of(make: MakeTrainer, schedule: Any, plan: Any = None, **told: Any) -> Trainer:
    """Two lanes on CartPole of 41 updates, asked every fourth."""
    batch = BatchPlan(schedule=schedule, **({"control": EVERY} | (plan or {})))
    return make(**({"batch": batch, "learner": FAST, "log_every": 0.1} | told))


def control_of(every: int) -> dict[str, Any]:
    return {"control": Control(every=every)}


def saying(trainer: Trainer, *told: Mapping[str, float]) -> Trainer:
    """The trainer with a feedback that says this of its lanes, whatever happens there."""
    trainer._decider.controls._feedback = lambda lanes: list(told)  # type: ignore[union-attr]
    return trainer


def all_records(trainer: Trainer) -> list[Record]:
    return [r._replace(wall_s=0.0) for moment in trainer.records() for r in moment]


def of_kind(records: list[Record], kind: str, lane: int | None = None) -> list[Record]:
    return [r for r in records if r.kind == kind and lane in (None, r.lane)]


def decided(records: list[Record], lane: int) -> list[Any]:
    return [r.values["batch_size"] for r in of_kind(records, "control", lane)]


def ran(trainer: Trainer, folder: Path) -> Path:
    """A whole run with its files."""
    (folder / "checkpoints").mkdir(parents=True)
    reporter = LineReporter(Console(quiet=True), trainer.settings.env_steps)
    run(trainer, folder, "probe", [CsvSink(folder)], reporter)
    return folder


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return [line | {"wall_s": ""} for line in csv.DictReader(file)]


@kinds
def test_every_kind_trains_within_its_bounds_and_tells_b(
    make_trainer: MakeTrainer, drawn: Drawn, tmp_path: Path, controller: Controller
) -> None:
    trainer = trainer_of(make_trainer, controller, env_steps=48)
    batches = drawn(trainer)
    ran(trainer, tmp_path / "run")
    used = np.array([batch.size.tolist() for batch in batches])
    assert used.shape == (15, 2)
    assert set(used.flatten().tolist()) <= {4, 8, 16, 32}
    for lane, told in enumerate(trajectories(tmp_path / "run/decisions.csv")):
        assert told.tolist() == used[:, lane].tolist()
    asked = lines(tmp_path / "run/control.csv")
    of_one = [line["update"] for line in asked if line["lane"] == "1"]
    assert of_one == ["0", "4", "8", "12"]
    for line in asked:
        update = int(line["update"])
        assert used[update, int(line["lane"])] == int(line["batch_size"])
    last = lines(tmp_path / "run/metrics.csv")[-2:]
    assert [int(line["batch_size"]) for line in last] == used[-1].tolist()


@pytest.mark.parametrize(
    ("controller", "rise", "fall"), [*MOVES, *RISES_ONLY], ids=lambda own: getattr(own, "kind", "")
)
def test_b_rises_in_the_lane_whose_signal_says_so_and_not_in_the_other(
    make_trainer: MakeTrainer,
    controller: Controller,
    rise: Mapping[str, float],
    fall: Mapping[str, float],
) -> None:
    trainer = trainer_of(make_trainer, controller, control_of(2), env_steps=60)
    records = all_records(saying(trainer, rise, fall))
    up, flat = (decided(records, lane) for lane in range(2))
    assert flat == [4] * 11
    assert up == sorted(up)
    assert up[-1] == (
        16 if isinstance(controller, AdaptiveScaling) else 32
    )  # abs keeps .9¹¹ of its first size
    assert {8, 16} <= set(up)  # an octave at a time


@pytest.mark.parametrize(
    ("controller", "rise", "fall"), MOVES, ids=lambda own: getattr(own, "kind", "")
)
def test_b_falls_again_where_its_signal_turns(
    make_trainer: MakeTrainer,
    controller: Controller,
    rise: Mapping[str, float],
    fall: Mapping[str, float],
) -> None:
    trainer = trainer_of(make_trainer, controller, control_of(1))
    feedback = [rise, rise]
    controls: Any = trainer._decider.controls
    controls._feedback = lambda lanes: feedback
    sizes: list[Any] = []
    for moment in trainer.records():
        sizes += [r.values["batch_size"] for r in moment if r.kind == "control" and r.lane == 0]
        if trainer.lanes.now >= 60:
            feedback[:] = [fall, fall]
    assert max(sizes) == 32
    assert sizes[-1] < 32


def test_reuse_is_brought_to_where_it_should_be(make_trainer: MakeTrainer) -> None:
    """Half an update a step and 16 rows drawn per row stored: 32 rows, and the debt of 20 steps."""
    guard = ReuseGuard(low=1, high=256, reuse=16.0, within=5)
    plan = {"control": Control(every=1, rate=math.inf), "ladder": Ladder(kind="exact")}
    records = all_records(trainer_of(make_trainer, guard, plan, env_steps=200))
    reuse = [float(r.values["reuse"]) for r in of_kind(records, "train", 0)]
    assert reuse[-1] == pytest.approx(16.0, rel=0.02)
    assert reuse[0] < 8.0


def test_lanes_part_where_their_returns_do(make_trainer: MakeTrainer) -> None:
    follow = FollowReturn(**BOUNDS, worst=0.0, best=1.0, smoothing=0.0)
    records = all_records(
        saying(trainer_of(make_trainer, follow), {"return": 1.0}, {"return": 0.4})
    )
    assert decided(records, 0)[-1] == 32
    assert decided(records, 1)[-1] == 16


@pytest.mark.parametrize("told", [math.nan, None])
def test_nan_holds_b_is_counted_and_warned_of_once(
    make_trainer: MakeTrainer, told: float | None
) -> None:
    follow = FollowReturn(**BOUNDS, worst=0.0, best=1.0, smoothing=0.0)
    gap = {} if told is None else {"return": told}
    trainer = saying(trainer_of(make_trainer, follow), gap, {"return": 1.0})
    records = all_records(trainer)
    assert decided(records, 0) == [4] * 11
    assert decided(records, 1)[-1] == 32
    wishes = [r.values["wish"] for r in of_kind(records, "control", 0)]
    assert all(math.isnan(float(wish)) for wish in wishes)
    events = of_kind(records, "event")
    controls: Any = trainer._decider.controls
    if told is None:
        assert not events
        assert nans_in(controls.memory[0]) == 0
    else:
        assert [(r.lane, r.update, r.values["event"]) for r in events] == [(0, 0, "nan_signal")]
        assert [nans_in(own) for own in controls.memory] == [11, 0]


def test_a_return_of_before_the_last_decision_is_not_told_again(make_trainer: MakeTrainer) -> None:
    follow = FollowReturn(**BOUNDS, worst=0.0, best=1.0)
    trainer = trainer_of(make_trainer, follow, control_of(1))
    asked = of_kind(all_records(trainer), "control", 0)
    heard = ["return" in r.values for r in asked]
    assert heard == [not math.isnan(float(r.values["wish"])) for r in asked]
    assert 3 <= sum(heard) <= 12  # episodes of a random policy last some twenty steps


def test_what_controllers_remember_is_in_every_checkpoint_and_goes_on_from_there(
    make_trainer: MakeTrainer, tmp_path: Path
) -> None:
    plateau = PlateauDoubling(**BOUNDS, patience=30)
    trainer = saying(trainer_of(make_trainer, plateau), {"return": 1.0}, {"return": 2.0})
    folder = ran(trainer, tmp_path / "run")
    _, meta = files.load_tensors(folder / "checkpoints/final.safetensors")
    assert meta["controls"] == trainer.controls_state()
    _, early = files.load_tensors(folder / "checkpoints/step_50.safetensors")
    assert early["controls"]["asked"] == [16, 16]  # the 16th of 4 · 4 updates is at env step 50
    again = saying(trainer_of(make_trainer, plateau), {"return": 1.0}, {"return": 2.0})
    one, other = trainer._decider.controls, again._decider.controls
    assert one is not None
    assert other is not None
    other.load(json.loads(json.dumps(meta["controls"])))
    for own in (trainer.lanes, again.lanes):
        own.samples[:], own.batch_size[:] = 5000, trainer.lanes.batch_size
    for update in (44, 48, 52):
        assert np.array_equal(one.rows(np.full(2, update)), other.rows(np.full(2, update)))
    assert one.state() == other.state() != meta["controls"]


def test_schedules_without_feedback_leave_no_state(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    assert trainer.controls_state() is None
    assert trainer.feedback is None


def test_iso_samples_pays_every_lanes_own_size(make_trainer: MakeTrainer, drawn: Drawn) -> None:
    """16 rows are due every other step; lane 0 climbs to 32 rows, lane 1 stays at 4."""
    follow = FollowReturn(**BOUNDS, worst=0.0, best=1.0, smoothing=0.0)
    trainer = trainer_of(make_trainer, follow, {"reference": 16, "control": EVERY}, iso="samples")
    batches = drawn(trainer)
    records = all_records(saying(trainer, {"return": 1.0}, {"return": 0.0}))
    sizes = np.array([batch.size.tolist() for batch in batches])
    assert sizes.sum(0).tolist() == trainer.lanes.samples.tolist()
    owed = 41 * 16 - trainer.lanes.samples
    assert ((owed >= 0) & (owed < [32, 4])).all()
    assert trainer.learner.updates.tolist() == (sizes > 0).sum(0).tolist()
    assert trainer.learner.updates[1] == 41 * 4
    assert trainer.learner.updates[0] < 41
    for batch in batches:  # padding weighs nothing and has finite content
        padding = batch.row < 0
        assert padding.sum(1).tolist() == (batch.row.shape[1] - batch.size).tolist()
        assert not batch.weight[padding].any()
        assert batch.reward.isfinite().all()
    lane = of_kind(records, "control", 0)
    assert [r.update for r in lane] == list(range(0, int(trainer.learner.updates[0]) + 1, 4))


def test_goodput_writes_what_it_measured(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    folder = ran(trainer_of(make_trainer, Goodput(**BOUNDS), env_steps=60), tmp_path / "run")
    told = json.loads((folder / "throughput.json").read_text())
    assert list(told) == [f"throughput_{rows}" for rows in (4, 8, 16, 32)]
    assert all(speed > 0.0 for speed in told.values())


@kinds
def test_no_other_kind_times_anything(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, controller: Controller
) -> None:
    asked: list[object] = []

    def timed(*told: object) -> dict[str, float]:
        asked.append(told)
        return {"throughput_4": 1.0}

    monkeypatch.setattr(feedback_module, "throughput", timed)
    trainer = trainer_of(make_trainer, controller, env_steps=24)
    list(trainer.records())
    assert bool(asked) == isinstance(controller, Goodput)
    assert bool(trainer.feedback is not None and trainer.feedback.throughput) == bool(asked)


def test_bounds_without_a_power_of_two_are_refused(make_trainer: MakeTrainer) -> None:
    with pytest.raises(ConfigError, match=r"^batch\.ladder: expected a power of two within"):
        trainer_of(make_trainer, Dispersion(low=9, high=15))
    exact = {"ladder": Ladder(kind="exact")}
    assert trainer_of(make_trainer, Dispersion(low=9, high=15), exact).settings.batch.closed


def test_a_signal_that_the_run_does_not_produce_is_refused_by_name(
    make_trainer: MakeTrainer,
) -> None:
    with pytest.raises(ConfigError, match=r"a run with noise_scale, got .+FollowNoise needs it"):
        trainer_of(make_trainer, FollowNoise(**BOUNDS, factor=1.0), learner=LearnerSettings())


def test_more_rows_than_the_buffer_holds_are_refused(make_trainer: MakeTrainer) -> None:
    with pytest.raises(ConfigError, match=r"at most replay\.capacity \(10000 rows\), got 16384"):
        trainer_of(make_trainer, Dispersion(low=4, high=20_000))
