"""Every size that a plan can give, before it gives one."""

from __future__ import annotations

from typing import Any

import pytest

from rlbatch.schedule import (
    BatchPlan,
    Cyclic,
    Epsilon,
    Fixed,
    Geometric,
    Ladder,
    Linear,
    Phased,
    RandomSizes,
    Replayed,
)


@pytest.mark.parametrize(
    ("schedule", "sizes"),
    [
        (Fixed(rows=100), (100,)),
        (Linear(start=64, stop=16, end=10), (16, 32, 64)),
        (Geometric(start=20, stop=70, end=10), (16, 32, 64)),
        (Epsilon(explore=128, exploit=32), (32, 64, 128)),
        (Cyclic(low=16, high=32, period=4), (16, 32)),
        (RandomSizes(low=20, high=130, period=4), (32, 64, 128)),
        (Phased(explore=32, anneal=16, exploit=64), (16, 32, 64)),
        (Phased(warmup=8, explore=32, anneal=16, exploit=16), (8, 16, 32)),
        (lambda signal: 32.0, ()),
    ],
)
def test_a_plan_knows_its_sizes(schedule: Any, sizes: tuple[int, ...]) -> None:
    assert BatchPlan(schedule=schedule).known_sizes() == sizes


def test_a_log_has_the_sizes_that_stand_in_it(tmp_path: Any) -> None:
    log = tmp_path / "decisions.csv"
    log.write_text("lane,update,batch_size\n0,0,48\n0,3,16\n0,5,0\n1,0,96\n1,5,0\n")
    plan = BatchPlan(schedule=Replayed(log=str(log)), ladder=Ladder(kind="exact"))
    assert plan.known_sizes() == (16, 48, 96)
    assert plan.largest() == 96
