"""Timing gradients: what is told, and that nothing is learned meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from rlbatch.train import Trainer
from rlbatch.train import throughput as module
from rlbatch.train.throughput import ROUNDS, throughput
from rlbatch.types import Batch

MakeTrainer = Callable[..., Trainer]


@pytest.fixture
def trainer(make_trainer: MakeTrainer) -> Trainer:
    """A trainer with 20 rows a lane."""
    trainer = make_trainer()
    trainer._player.reset()
    for _ in range(20):
        trainer._player.play((100,), apart=True)
    return trainer


def test_every_size_has_its_figure_by_the_meters_name(trainer: Trainer) -> None:
    told = throughput(trainer.learner, trainer.buffer, (4, 8))
    assert list(told) == ["throughput_4", "throughput_8"]
    assert all(speed > 0.0 for speed in told.values())


def test_a_figure_is_rows_over_the_median_time_without_the_first_round(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounds of 100, 1, 2, 3, 4 and 90 s for 4 rows, twice as long for 8: medians 3 and 6 s."""
    rounds = [100.0, 1.0, 2.0, 3.0, 4.0, 90.0]
    assert len(rounds) == ROUNDS + 1
    marks = [(0.0, length * times) for length in rounds for times in (1.0, 2.0)]
    clock = itertools.chain.from_iterable(marks)
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    told = throughput(trainer.learner, trainer.buffer, (4, 8))
    assert told == {"throughput_4": 4 / 3, "throughput_8": 8 / 6}


def test_the_rounds_take_all_sizes_in_turn(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    gradient = trainer.learner.gradient

    def noted(batch: Batch) -> torch.Tensor:
        sizes.append(batch.reward.shape[1])
        return gradient(batch)

    monkeypatch.setattr(trainer.learner, "gradient", noted)
    throughput(trainer.learner, trainer.buffer, (4, 8, 16))
    assert sizes == [4, 8, 16] * (ROUNDS + 1)


def test_nothing_is_learned_nor_counted(trainer: Trainer) -> None:
    states = trainer.learner.state_dict(), trainer.buffer.state_dict()
    throughput(trainer.learner, trainer.buffer, (4, 8))
    after = trainer.learner.state_dict(), trainer.buffer.state_dict()
    for one, other in zip(states, after, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert trainer.learner.meters.read() == [{}, {}]


def test_more_rows_than_are_stored_can_be_timed(trainer: Trainer) -> None:
    assert throughput(trainer.learner, trainer.buffer, (64,))["throughput_64"] > 0.0
