"""Compiling pays where updates are many and batch sizes few."""

from __future__ import annotations

from typing import Any

import pytest

from rlbatch.replay import Replay
from rlbatch.schedule import BatchPlan, Epsilon, Fixed, Linear, ReuseGuard
from rlbatch.train import Exploration, Learn, TrainSettings
from rlbatch.train.worth import PER_RUNG, compiling_pays, rungs


def run(schedule: Any, env_steps: int = 100_000, **own: Any) -> TrainSettings:
    told: dict[str, Any] = {"learn": Learn(start=1000, every=1), "seeds": 1} | own
    return TrainSettings(env_steps=env_steps, batch=BatchPlan(schedule=schedule), **told)


@pytest.mark.parametrize(
    ("schedule", "sizes"),
    [
        (Fixed(rows=37), 1),
        (Epsilon(explore=32, exploit=512), 5),
        (Linear(start=64, stop=16, end=100_000), 3),
        (ReuseGuard(low=16, high=128, reuse=8.0), 4),
    ],
)
def test_rungs_are_the_sizes_that_a_run_sees(schedule: Any, sizes: int) -> None:
    assert rungs(run(schedule)) == sizes


def test_a_batch_of_the_whole_buffer_is_ever_another() -> None:
    own = run(Fixed(rows="buffer"), replay=Replay(capacity=1000))
    assert rungs(own) == 100_000
    assert not compiling_pays(own)


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
