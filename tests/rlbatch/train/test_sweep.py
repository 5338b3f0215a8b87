"""Lanes that differ: what the combinations are, and that each trains as it would alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rlbatch.errors import ConfigError
from rlbatch.learner import HardTarget, LearnerSettings, PolyakTarget
from rlbatch.schedule import BatchPlan, Epsilon, Ladder
from rlbatch.train import Exploration, Sweep, Trainer, TrainSettings
from rlbatch.types import Batch, Record

MakeTrainer = Callable[..., Trainer]
Drawn = Callable[[Trainer], list[Batch]]
POLYAK = LearnerSettings(target=PolyakTarget(tau=0.5))


def records(trainer: Trainer) -> list[Record]:
    return [r._replace(wall_s=0.0) for moment in trainer.records() for r in moment]


def column(told: list[Record], lane: int, name: str) -> list[Any]:
    return [r.values[name] for r in told if r.kind == "train" and r.lane == lane]


def bare(record: Record) -> Record:
    """Without its numbers."""
    return record._replace(values={"phase": record.values.get("phase", "")})


def numbers(record: Record) -> dict[str, Any]:
    return {name: value for name, value in record.values.items() if name != "phase"}


def test_every_combination_has_every_seed_and_the_last_number_moves_fastest() -> None:
    sweep = Sweep(lr=(0.1, 0.2), target_period=(5, 6))
    settings = TrainSettings(seed=7, seeds=2, lanes=sweep)
    found = [(own.learner.lr, own.learner.target) for own in settings.lane_arms]
    wanted = [(lr, HardTarget(period=period)) for lr in (0.1, 0.2) for period in (5, 6)]
    assert found == [pair for pair in wanted for _ in range(2)]
    assert settings.lane_seeds == [7, 8] * 4


def test_without_a_sweep_there_is_one_arm_without_a_name() -> None:
    (arm,) = TrainSettings(seeds=3).arms()
    assert (arm.name, arm.values, arm.learner) == ("", {}, LearnerSettings())
    assert len(TrainSettings(seeds=3).lane_arms) == 3


def test_each_number_goes_where_it_belongs() -> None:
    sweep = Sweep(
        lr=(0.1,), clip_norm=(2.0,), tau=(0.25,), epsilon_start=(0.8,), epsilon_end=(0.3,)
    )
    (arm,) = sweep.arms(POLYAK, Exploration(fraction=0.7))
    wanted = LearnerSettings(lr=0.1, clip_norm=2.0, target=PolyakTarget(tau=0.25))
    assert (arm.learner, arm.exploration) == (wanted, Exploration(start=0.8, end=0.3, fraction=0.7))
    (arm,) = Sweep(epsilon_fraction=(0.2,)).arms(POLYAK, Exploration())
    assert (arm.learner, arm.exploration) == (POLYAK, Exploration(fraction=0.2))


def test_an_arm_is_named_by_its_numbers() -> None:
    first, _, _, last = Sweep(lr=(1e-3, 2.5e-4), clip_norm=(10.0, 0.5)).arms(
        LearnerSettings(), Exploration()
    )
    assert (first.name, last.name) == ("lr=0.001 clip_norm=10", "lr=0.00025 clip_norm=0.5")


def test_numbers_that_differ_have_names_that_differ() -> None:
    sweep = Sweep(target_period=(1_000_000, 1_000_001), lr=(0.12345678, 0.12345679))
    arms = sweep.arms(LearnerSettings(), Exploration())
    assert len({arm.name for arm in arms}) == 4


@pytest.mark.parametrize(
    ("sweep", "settings", "message"),
    [
        ({"lr": (0.1, -1.0)}, {}, r"^lanes\.lr: expected a number ≥ 0, got -1\.0"),
        ({"clip_norm": (0.0,)}, {}, r"^lanes\.clip_norm: expected a number > 0"),
        ({"target_period": (5, 0)}, {}, r"^lanes\.target_period: expected at least 1 env step"),
        ({"tau": (1.5,)}, {"learner": POLYAK}, r"^lanes\.tau: expected a number in \(0, 1\]"),
        ({"epsilon_start": (1.5,)}, {}, r"^lanes\.epsilon_start: expected a rate"),
        ({"epsilon_end": (-0.5,)}, {}, r"^lanes\.epsilon_end: expected a rate"),
        ({"epsilon_fraction": (0.0,)}, {}, r"^lanes\.epsilon_fraction: expected a share"),
        (
            {"epsilon_end": (0.5,)},
            {"exploration": Exploration(start=0.2, end=0.1)},
            r"^lanes\.epsilon_end: expected at most start \(0\.2\), got 0\.5",
        ),
        ({"epsilon_start": (0.01,)}, {}, r"^lanes\.epsilon_start: expected at most start \(0\.01"),
        ({"epsilon_start": (0.1,), "epsilon_end": (0.2,)}, {}, r"^lanes\.epsilon_end: expected"),
        ({"tau": (0.5,)}, {}, r"^lanes\.tau: expected learner\.target of kind polyak, got hard"),
        (
            {"target_period": (5,)},
            {"learner": POLYAK},
            r"^lanes\.target_period: expected learner\.target of kind hard, got polyak",
        ),
    ],
)
def test_a_number_that_its_setting_refuses_is_named_as_the_sweep_names_it(
    sweep: dict[str, Any], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        TrainSettings(lanes=Sweep(**sweep), **settings)


def test_a_number_told_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^lanes\.tau: expected numbers that differ, got \[0\.5"):
        Sweep(tau=(0.5, 0.1, 0.5))


@pytest.mark.parametrize(
    "plan",
    [
        BatchPlan(schedule=Epsilon(explore=4, exploit=16)),
        BatchPlan(lr_follows=Epsilon(explore=4, exploit=16), coupling="linear"),
    ],
)
def test_an_arm_whose_epsilon_rests_is_refused_where_epsilon_is_followed(plan: BatchPlan) -> None:
    sweep = Sweep(epsilon_end=(0.5, 1.0))
    assert TrainSettings(lanes=sweep).arms()
    with pytest.raises(ConfigError, match=r"^exploration\.end: expected other than"):
        TrainSettings(lanes=sweep, batch=plan)


@pytest.mark.parametrize("iso", ["updates", "samples"])
def test_a_swept_lane_trains_as_it_does_alone_with_its_own_numbers(
    make_trainer: MakeTrainer, iso: str
) -> None:
    plan = BatchPlan(schedule=Epsilon(explore=4, exploit=16), reference=8, coupling="sqrt")
    sweep = Sweep(lr=(0.02, 0.001), target_period=(30,), epsilon_end=(0.0, 0.5))
    told = records(make_trainer(lanes=sweep, batch=plan, iso=iso))
    arms = sweep.arms(LearnerSettings(), Exploration())
    for lane in (0, 3, 4, 7):  # of every arm one, of every seed two
        arm = arms[lane // 2]
        own = {"learner": arm.learner, "exploration": arm.exploration}
        alone = records(make_trainer(seed=3 + lane % 2, seeds=1, batch=plan, iso=iso, **own))
        mine = [r._replace(lane=0) for r in told if r.lane == lane]
        assert [bare(r) for r in mine] == [bare(r) for r in alone]
        for one, other in zip(mine, alone, strict=True):
            assert numbers(one) == pytest.approx(numbers(other), rel=1e-3, abs=1e-5)


def test_lanes_of_one_seed_meet_the_same_resets_and_start_from_the_same_weights(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer, seen = make_trainer(lanes=Sweep(lr=(0.1, 0.2))), []
    add = trainer.buffer.add

    def noted(obs: Tensor, *rest: Any) -> None:
        seen.append(obs.clone())
        add(obs, *rest)

    monkeypatch.setattr(trainer.buffer, "add", noted)
    start = trainer.learner.online.flat.clone()
    records(trainer)
    assert torch.equal(start[:2], start[2:])
    assert not torch.equal(start[0], start[1])
    before_learning = torch.stack(seen)[:20]
    assert torch.equal(before_learning[:, :2], before_learning[:, 2:])
    assert not torch.equal(trainer.learner.online.flat[:2], trainer.learner.online.flat[2:])


def test_learning_rate_and_epsilon_are_logged_lane_by_lane(make_trainer: MakeTrainer) -> None:
    sweep = Sweep(lr=(0.1, 0.2), epsilon_end=(0.0, 0.5))
    exploration = Exploration(start=1.0, fraction=1.0, end=0.0)
    own: Any = {"exploration": exploration, "log_every": 0.02}
    told = records(make_trainer(seeds=1, lanes=sweep, **own))
    assert [set(column(told, lane, "lr")) for lane in range(4)] == [{0.1}, {0.1}, {0.2}, {0.2}]
    assert column(told, 2, "epsilon") == pytest.approx([1 - t / 100 for t in range(2, 101, 2)])
    assert column(told, 3, "epsilon") == pytest.approx([1 - t / 200 for t in range(2, 101, 2)])


def test_a_lane_acts_on_its_own_epsilon(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = Sweep(epsilon_end=(0.0, 0.5), epsilon_fraction=(0.1, 1.0))
    trainer, asked = make_trainer(lanes=sweep, log_every=0.01), []
    act = trainer._player._actor.act

    def noted(obs: Tensor, epsilon: Any, env_step: int) -> Tensor:
        asked.append(np.broadcast_to(epsilon, (8, 1))[:, 0].tolist())
        return act(obs, epsilon, env_step)

    monkeypatch.setattr(trainer._player._actor, "act", noted)
    told = records(trainer)
    for lane in range(8):  # ε before a step is the one logged after the step before
        logged = column(told, lane, "epsilon")
        assert [own[lane] for own in asked[1:]] == pytest.approx(logged[:-1])
    assert asked[50][::2] == pytest.approx([0.0, 0.5, 0.5, 0.75])


def test_lanes_of_unlike_epsilon_draw_batches_of_unlike_sizes(
    make_trainer: MakeTrainer, drawn: Drawn
) -> None:
    plan = BatchPlan(schedule=Epsilon(explore=10, exploit=110), ladder=Ladder(kind="exact"))
    exploration = Exploration(start=1.0, end=0.0, fraction=1.0)
    sweep = Sweep(epsilon_fraction=(1.0, 0.5))
    own: Any = {"exploration": exploration, "log_every": 0.02}
    trainer = make_trainer(batch=plan, lanes=sweep, seeds=1, **own)
    batches = drawn(trainer)
    told = records(trainer)
    steps = range(20, 101, 2)
    assert [b.size.tolist() for b in batches] == [[10 + t, min(110, 10 + 2 * t)] for t in steps]
    for batch in batches:
        own = torch.arange(batch.row.shape[1]) < batch.size[:, None]
        assert torch.equal(batch.row >= 0, own)
        assert torch.equal(batch.weight > 0, own)
        assert all(field.isfinite().all() for field in batch)
    for lane in range(2):
        rows = [int(batch.size[lane]) for batch in batches]
        assert column(told, lane, "batch_size")[9:] == rows
        samples = [r.samples for r in told if r.kind == "train" and r.lane == lane]
        assert samples[9:] == np.cumsum(rows).tolist()
