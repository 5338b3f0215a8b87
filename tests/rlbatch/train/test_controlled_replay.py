"""A controlled run can be had again: from its log, from what it was told, and lane by lane."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from rlbatch.contract import Memory
from rlbatch.learner import LearnerSettings, NoiseScale
from rlbatch.metrics import CsvSink
from rlbatch.metrics.names import CONTROL
from rlbatch.schedule import (
    AdaptiveScaling,
    BatchPlan,
    Control,
    Dispersion,
    ExcessLoss,
    FollowReturn,
    Replayed,
    ReuseGuard,
)
from rlbatch.train import Trainer
from rlbatch.train.progress import LineReporter
from rlbatch.train.run import run
from rlbatch.types import Record, Signal

MakeTrainer = Callable[..., Trainer]
BOUNDS: dict[str, Any] = {"low": 4, "high": 32}
SEEING = [
    Dispersion(**BOUNDS, precision=0.3),
    FollowReturn(**BOUNDS, worst=8.0, best=30.0),
    ExcessLoss(**BOUNDS),
    AdaptiveScaling(**BOUNDS),
    ReuseGuard(**BOUNDS, reuse=6.0, within=5),
]
seeing = pytest.mark.parametrize("controller", SEEING, ids=lambda own: own.kind)


def trainer_of(make: MakeTrainer, schedule: Any, plan: Any, lr: float, **told: Any) -> Trainer:
    """Two lanes on CartPole of 31 updates, asked every third."""
    batch = BatchPlan(schedule=schedule, **({"control": Control(every=3)} | plan))
    learner = LearnerSettings(lr=lr, noise_scale=NoiseScale())
    return make(**({"batch": batch, "learner": learner, "log_every": 0.1, "env_steps": 80} | told))


def ran(trainer: Trainer, folder: Path) -> Path:
    """A whole run with its files."""
    (folder / "checkpoints").mkdir(parents=True)
    reporter = LineReporter(Console(quiet=True), trainer.settings.env_steps)
    run(trainer, folder, "probe", [CsvSink(folder)], reporter)
    return folder


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return [line | {"wall_s": ""} for line in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("controller", "iso"),
    [*((controller, "updates") for controller in SEEING), (SEEING[0], "samples")],
    ids=lambda own: getattr(own, "kind", own),
)
def test_the_log_of_a_controlled_run_replays_to_the_bit(
    make_trainer: MakeTrainer, tmp_path: Path, controller: Any, iso: str
) -> None:
    coupled = {"coupling": "sde", "reference": 8, "warmup": 40, "moments": "rescale"}
    one = ran(trainer_of(make_trainer, controller, coupled, 0.02, iso=iso), tmp_path / "one")
    log = Replayed(log=str(one / "decisions.csv"), order="recorded", shift=0)
    two = ran(trainer_of(make_trainer, log, coupled, 0.02, iso=iso), tmp_path / "two")
    for name in ("metrics.csv", "eval.csv", "decisions.csv"):
        assert lines(one / name) == lines(two / name)
    assert len({line["batch_size"] for line in lines(one / "decisions.csv")}) > 2
    assert lines(one / "control.csv")
    assert not lines(two / "control.csv")


@seeing
def test_what_control_csv_says_gives_the_same_decisions_again(
    make_trainer: MakeTrainer, tmp_path: Path, controller: Any
) -> None:
    smooth = {"control": Control(every=3, horizon=50.0)}
    trainer = trainer_of(make_trainer, controller, smooth, 0.02)
    asked = lines(ran(trainer, tmp_path / "run") / "control.csv")
    memory: list[Memory] = [{}, {}]
    for line in asked:
        lane = int(line["lane"])
        meters = {name: float(line[name]) for name in CONTROL if line[name]}
        env_step, update, samples = (int(line[n]) for n in ("env_step", "update", "samples"))
        signal = Signal(env_step, update, samples, batch_size=int(line["last"]), meters=meters)
        rows, verdict = trainer.settings.batch.ask(signal, memory[lane])
        memory[lane] = verdict.memory
        told = str(rows), repr(verdict.wanted), repr(verdict.wish)
        assert told == (line["batch_size"], line["wanted"], line["wish"])
    state = trainer.controls_state()
    assert state is not None
    assert state["memory"] == [dict(own) for own in memory]
    assert len({line["wanted"] for line in asked}) > 3


def alike(one: Record, other: Record, *less: str) -> None:
    """The same moment of the same seed, but for rounding, and less what some columns tell."""
    assert one[2:6] == other[2:6]
    assert set(one.values) == set(other.values)
    for name in set(one.values) - {"phase", *less}:
        value = one.values[name]
        assert other.values[name] == pytest.approx(value, rel=1e-3, abs=1e-5, nan_ok=True), name
    assert one.values.get("phase") == other.values.get("phase")


@pytest.mark.parametrize(
    ("controller", "iso"),
    [(SEEING[1], "updates"), (SEEING[1], "samples"), (SEEING[3], "updates")],
    ids=lambda own: getattr(own, "kind", own),
)
def test_a_lane_decides_and_learns_what_it_would_alone(
    make_trainer: MakeTrainer, controller: Any, iso: str
) -> None:
    def records(seed: int, seeds: int) -> list[Record]:
        told: dict[str, Any] = {"seed": seed, "seeds": seeds, "iso": iso}
        trainer = trainer_of(make_trainer, controller, {"reference": 16}, 1e-4, **told)
        return [record for moment in trainer.records() for record in moment]

    # The last batch of all need not be one that a lane had a share in.
    less = ("q_mean",) if iso == "samples" else ()
    three = records(3, 3)
    for lane in (0, 2):
        own, alone = [r for r in three if r.lane == lane], records(3 + lane, 1)
        assert len(own) == len(alone)
        for one, other in zip(own, alone, strict=True):
            alike(one, other, *less)
    sizes = {(r.lane, r.values["batch_size"]) for r in three if r.kind == "control"}
    assert len(sizes) > 3  # B moves
