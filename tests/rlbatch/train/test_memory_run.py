"""A run in which memory runs out goes on with smaller pieces, and says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from agents.dqn import DQN
from rlbatch.contract import QFn
from rlbatch.errors import TrainingError
from rlbatch.metrics import CsvSink
from rlbatch.schedule import BatchPlan, Epsilon
from rlbatch.train import Trainer
from rlbatch.types import Batch, Record, RowLoss

MakeTrainer = Callable[..., Trainer]
PLAN = BatchPlan(schedule=Epsilon(explore=4, exploit=32))
WORDS = (
    "no memory for 16 rows at a time: 8 from now on (DefaultCPUAllocator: can't allocate memory)"
)


class Room(DQN):
    """There is room for the loss of so many rows."""

    rows = 8

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        if len(batch.reward) > self.rows:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return super().loss(q, q_target, batch, key)


class NoRoom(Room):
    rows = 0


def run(make_trainer: MakeTrainer, agent: Any) -> list[Record]:
    trainer = make_trainer(agent=agent, batch=PLAN)
    return [record for moment in trainer.records() for record in moment]


@pytest.fixture(scope="module")
def short(make_trainer: MakeTrainer) -> list[Record]:
    """The records of a run with room for 8 rows."""
    return run(make_trainer, Room(hidden=(8,)))


def test_it_is_told_once_as_an_event_of_every_lane_and_training_goes_on(
    short: list[Record],
) -> None:
    events = [(r.lane, r.values["reason"]) for r in short if r.values.get("event") == "memory"]
    assert events == [(0, WORDS), (1, WORDS)]
    last = [r for r in short if r.kind == "train"][-1]
    assert (last.env_step, last.update, last.values["batch_size"]) == (100, 41, 32)


def test_the_run_is_the_one_with_room_enough(
    short: list[Record], make_trainer: MakeTrainer
) -> None:
    told = [r for r in short if r.values.get("event") != "memory"]
    usual = run(make_trainer, DQN(hidden=(8,)))
    assert len(told) == len(usual)
    for mine, theirs in zip(told, usual, strict=True):
        assert mine[:6] == theirs[:6]
        for name in ("return", "batch_size", "loss", "td_error"):
            wanted = theirs.values.get(name)
            assert mine.values.get(name) == (wanted and pytest.approx(wanted, rel=1e-4))


def test_the_event_reaches_a_sink(short: list[Record], tmp_path: Path) -> None:
    sink = CsvSink(tmp_path)
    sink.write([r for r in short if r.kind == "event"])
    sink.close()
    lines = (tmp_path / "events.csv").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if ",memory," in line and "8 from now on" in line]) == 2


def test_where_not_even_a_row_fits_the_run_ends_with_an_error(make_trainer: MakeTrainer) -> None:
    with pytest.raises(TrainingError, match=r"^learner: expected memory for 1 rows at a time"):
        run(make_trainer, NoRoom(hidden=(8,)))
