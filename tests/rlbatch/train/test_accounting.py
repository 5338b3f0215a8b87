"""What a run tells of its draws: in the log, and to schedules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rlbatch.metrics.names import TRAIN
from rlbatch.replay import Replay
from rlbatch.schedule import BatchPlan, Fixed, Ladder
from rlbatch.train import Trainer
from rlbatch.types import Record, Signal

HELD = {"turnover", "draws_per_row", "never_drawn"}
DRAWN = {"sample_age", "unique_share", "episodes", "same_episode_share"}


@dataclass(frozen=True)
class OneMore:
    """A schedule of 8 rows and as many more as the rows held have been drawn, in whole times."""

    def __call__(self, signal: Signal) -> float:
        return 8.0 + int(signal.meters.get("draws_per_row", 0.0))


def logged(trainer: Trainer) -> list[Record]:
    return [record for moment in trainer.records() for record in moment if record.kind == "train"]


def test_every_line_tells_how_rows_are_drawn(make_trainer: Callable[..., Trainer]) -> None:
    lines = logged(make_trainer(log_every=0.1))
    assert {name for name in HELD | DRAWN if name not in TRAIN} == set()
    for line in lines:
        own = {name for name in HELD | DRAWN if name in line.values}
        assert own == (HELD | DRAWN if line.update else HELD)


def test_what_is_logged_is_what_was_drawn(make_trainer: Callable[..., Trainer]) -> None:
    """Capacity 40 of 100 env steps; the rows drawn of those overwritten are not counted."""
    plan = BatchPlan(schedule=Fixed(rows=16))
    trainer = make_trainer(replay=Replay(capacity=40), batch=plan, log_every=0.1)
    for line in logged(trainer):
        values: Any = line.values
        assert values["turnover"] == line.env_step / 40
        if line.env_step <= 40:
            assert values["draws_per_row"] == pytest.approx(line.samples / line.env_step)
        else:
            assert 0.0 < values["draws_per_row"] < line.samples / 40
        if line.update:
            assert 0.0 <= values["sample_age"] <= 39.0
            assert values["unique_share"] * 16 >= values["episodes"]


def test_signals_tell_the_reading_of_the_last_line(make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer()
    assert trainer.signal(0).meters == {}
    lines = logged(trainer)[-2:]
    for lane, line in enumerate(lines):
        told = {name: line.values[name] for name in HELD | DRAWN | {"churn", "td_recent_gap"}}
        assert trainer.signal(lane).meters == told
    assert lines[0].values["sample_age"] != lines[1].values["sample_age"]


def test_what_a_schedule_is_told_cannot_be_changed(make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer()
    logged(trainer)
    meters: Any = trainer.signal(0).meters
    with pytest.raises(TypeError, match="does not support item assignment"):
        meters["turnover"] = 0.0


def test_a_schedule_may_follow_how_often_rows_were_drawn(
    make_trainer: Callable[..., Trainer],
) -> None:
    plan = BatchPlan(schedule=OneMore(), ladder=Ladder(kind="exact"))
    runs = [logged(make_trainer(seeds=1, batch=plan, log_every=0.01)) for _ in range(2)]
    names = "batch_size", "draws_per_row"
    columns: Any = [[[line.values[name] for line in run] for name in names] for run in runs]
    sizes, drawn = np.array(columns[0])
    assert np.array_equal(columns[0], columns[1])
    updated = np.diff([line.update for line in runs[0]]) > 0  # a line each env step
    assert set((sizes[1:] - np.floor(drawn[:-1]))[updated]) == {8}
    assert sizes.max() > 8


def test_a_run_that_learns_from_the_whole_buffer_draws_nothing(
    make_trainer: Callable[..., Trainer],
) -> None:
    lines = logged(make_trainer(batch=BatchPlan(schedule=Fixed(rows="buffer"))))
    assert lines[-1].update > 0
    assert not any((HELD | DRAWN) & set(line.values) for line in lines)
