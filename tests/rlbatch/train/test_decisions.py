"""The decision log tells every row that was drawn, and where a lane's updates ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rlbatch.errors import FileError
from rlbatch.metrics import CsvSink
from rlbatch.schedule import BatchPlan, Epsilon, Fixed
from rlbatch.schedule.trajectories import trajectories
from rlbatch.train import Sweep, Trainer
from rlbatch.train.decide import Wanted
from rlbatch.train.decisions import Decisions
from rlbatch.train.lanes import Lanes
from rlbatch.types import Batch, Record

MakeTrainer = Callable[..., Trainer]
Drawn = Callable[[Trainer], list[Batch]]
EPSILON = BatchPlan(schedule=Epsilon(explore=4, exploit=16), reference=8)


def logged(trainer: Trainer, folder: Path) -> Path:
    """Trains to the end; the log that is left."""
    sink = CsvSink(folder)
    try:
        for moment in trainer.records():
            sink.write(moment)
    finally:
        sink.close()
    return folder / "decisions.csv"


def changes(trainer: Trainer) -> list[Record]:
    return [r for moment in trainer.records() for r in moment if r.kind == "batch"]


@pytest.mark.parametrize("iso", ["updates", "samples"])
@pytest.mark.parametrize(
    "plan", [EPSILON, BatchPlan(schedule=Fixed(rows=5), reference=8)], ids=["epsilon", "fixed"]
)
@pytest.mark.parametrize("ill", [False, True])
@pytest.mark.parametrize("sweep", [Sweep(), Sweep(epsilon_end=(0.0, 0.4))])
def test_the_log_expands_to_the_rows_that_were_drawn(
    make_trainer: MakeTrainer,
    drawn: Drawn,
    tmp_path: Path,
    iso: str,
    plan: BatchPlan,
    ill: bool,
    sweep: Sweep,
) -> None:
    trainer = make_trainer(batch=plan, iso=iso, lanes=sweep, env_steps=60, log_every=0.12)
    if ill:
        trainer.learner.online.flat[1] = torch.nan
    batches = drawn(trainer)
    told = trajectories(logged(trainer, tmp_path))
    for lane in range(len(trainer.lanes.seeds)):
        sizes = [int(batch.size[lane]) for batch in batches]
        assert told[lane].tolist() == [size for size in sizes if size]
        assert len(told[lane]) == trainer.learner.updates[lane]
    assert (len(told[1]) < len(told[0])) == ill


def test_a_batch_of_the_whole_buffer_is_told_row_by_row(
    make_trainer: MakeTrainer, drawn: Drawn, tmp_path: Path
) -> None:
    trainer = make_trainer(batch=BatchPlan(schedule=Fixed(rows="buffer")))
    batches = drawn(trainer)
    told = trajectories(logged(trainer, tmp_path))
    assert told[1].tolist() == [int(batch.size[1]) for batch in batches]
    assert told[1].tolist() == list(range(20, 101, 2))


def test_a_line_stands_where_a_lanes_batch_changes_and_at_its_end(
    make_trainer: MakeTrainer,
) -> None:
    plan = BatchPlan(schedule=Epsilon(explore=4, exploit=16), coupling="linear", reference=8)
    told = [r for r in changes(make_trainer(batch=plan)) if r.lane == 1]
    assert [r.values["batch_size"] for r in told] == [8, 16, 0]
    first, second, end = told
    assert (first.env_step, first.update, first.samples) == (20, 0, 0)
    assert second.samples == 8 * second.update
    assert (end.env_step, end.update) == (100, 41)
    assert end.samples == second.samples + 16 * (41 - second.update)
    assert [r.values.get("lr") for r in told] == [2.5e-4, 5e-4, None]


def test_the_end_of_a_diverged_lane_is_told_where_it_stopped(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(batch=EPSILON)
    trainer.learner.online.flat[0] = torch.nan
    ends = [r for r in changes(trainer) if r.values["batch_size"] == 0]
    assert [(r.lane, r.env_step, r.update) for r in ends] == [(0, 20, 1), (1, 100, 41)]


def test_an_interrupted_run_has_no_end(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    trainer, sink = make_trainer(batch=EPSILON), CsvSink(tmp_path)
    for moment in trainer.records():
        sink.write(moment)
        if moment[0].env_step == 60:
            trainer.stop()
    sink.close()
    assert "\n0,3,20,0,0," in (tmp_path / "decisions.csv").read_text()
    with pytest.raises(FileError, match="expected the log of a run that ended, got one without"):
        trajectories(tmp_path / "decisions.csv")


def test_a_run_told_to_stop_at_its_end_has_one(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    told: list[Record] = []
    for moment in trainer.records():
        told += moment
        if moment[0].env_step == 100:
            trainer.stop()
    assert [r.lane for r in told if r.values.get("batch_size") == 0 and r.kind == "batch"] == [0, 1]


def test_only_lanes_that_update_and_change_are_noted() -> None:
    lanes, updates = Lanes([3, 4, 5]), np.array([7, 8, 9])
    decisions, on = Decisions(lanes), np.array([True, False, True])
    decisions.note(Wanted(4, 0.5), on, updates)
    decisions.note(Wanted(np.array([4, 4, 8]), np.array([0.1, 0.2, 0.3])), on, updates + 1)
    found: list[Any] = [(r.lane, r.update, dict(r.values)) for r in decisions.read()]
    assert found == [
        (0, 7, {"batch_size": 4, "lr": 0.5}),
        (2, 9, {"batch_size": 4, "lr": 0.5}),
        (2, 10, {"batch_size": 8, "lr": 0.3}),
    ]
    assert lanes.batch_size.tolist() == [4, 0, 8]
    assert decisions.read() == []
