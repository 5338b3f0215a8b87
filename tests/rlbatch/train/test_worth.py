"""Compiling pays where updates are many and batch sizes few."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlbatch.replay import Replay
from rlbatch.schedule import (
    BatchPlan,
    Cyclic,
    Epsilon,
    Fixed,
    Linear,
    RandomSizes,
    Replayed,
    ReuseGuard,
)
from rlbatch.train import Exploration, Learn, TrainSettings
from rlbatch.train.worth import PER_RUNG, compiling_pays, sizes


def run(schedule: Any, env_steps: int = 100_000, **own: Any) -> TrainSettings:
    told: dict[str, Any] = {"learn": Learn(start=1000, every=1), "seeds": 1} | own
    return TrainSettings(env_steps=env_steps, batch=BatchPlan(schedule=schedule), **told)


@pytest.mark.parametrize(
    ("schedule", "rungs"),
    [
        (Fixed(rows=37), 1),
        (Epsilon(explore=32, exploit=512), 5),
        (Linear(start=64, stop=16, end=100_000), 3),
        (ReuseGuard(low=16, high=128, reuse=8.0), 4),
        (Cyclic(low=32, high=512, period=777), 5),
        (RandomSizes(low=32, high=512, period=50), 5),
    ],
)
def test_the_sizes_that_a_run_sees_are_counted(schedule: Any, rungs: int) -> None:
    assert len(set(sizes(run(schedule)))) == rungs


def test_a_log_that_is_followed_is_read(tmp_path: Path) -> None:
    log = tmp_path / "decisions.csv"
    log.write_text(
        "lane,seed,env_step,update,samples,wall_s,batch_size,lr\n"
        "0,1,1000,0,0,0.1,8,1e-3\n0,1,1900,900,0,0.1,64,1e-3\n0,1,100000,99000,0,0.1,0,\n"
    )
    assert set(sizes(run(Replayed(log=str(log), shift=0)))) == {8, 64}


def test_rows_that_are_the_same_in_all_make_fewer_updates_of_more() -> None:
    plan = BatchPlan(schedule=Fixed(rows=1024), reference=128)
    learn = Learn(start=1000, every=1)
    for iso, steps in (("updates", PER_RUNG), ("samples", 8 * PER_RUNG)):
        own: dict[str, Any] = {"learn": learn, "seeds": 1, "batch": plan, "iso": iso}
        assert compiling_pays(TrainSettings(env_steps=1000 + steps, **own))
        assert not compiling_pays(TrainSettings(env_steps=999 + steps, **own))


def test_a_batch_of_the_whole_buffer_is_ever_another() -> None:
    assert not compiling_pays(run(Fixed(rows="buffer"), replay=Replay(capacity=1000)))


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize(("count", "every"), [(1, 1), (2, 8)])
def test_updates_of_all_lanes_together_must_pay_for_each_rung(
    lanes: int, count: int, every: int
) -> None:
    learn = Learn(start=1000, every=every, count=count)
    steps = 1000 + 3 * PER_RUNG // lanes // count * every
    same = {"learn": learn, "seeds": lanes, "exploration": Exploration(fraction=1.0)}
    assert compiling_pays(run(Epsilon(explore=8, exploit=32), steps, **same))
    assert not compiling_pays(run(Epsilon(explore=8, exploit=32), steps - every, **same))
    assert not compiling_pays(run(Epsilon(explore=8, exploit=64), steps, **same))
