"""B follows the noise scale where that is known well enough."""

from __future__ import annotations

import math
from typing import Literal

import pytest

from rlbatch.schedule.controllers import FollowNoise
from rlbatch.types import Signal


def told(scale: float, low: float = 1.0, high: float = 1.0) -> Signal:
    return Signal(0, meters={"noise_scale": scale, "noise_low": low, "noise_high": high})


def test_proportional_is_a_share_of_the_noise_scale() -> None:
    controller = FollowNoise(low=8, high=512, factor=0.25)
    assert [controller(told(scale), {})[0] for scale in (400.0, 4.0, 4e6)] == [100.0, 8.0, 512.0]


def test_root_is_the_root_of_rows_times_the_noise_scale() -> None:
    controller = FollowNoise(low=8, high=512, rule="root", factor=16.0)
    assert controller(told(400.0), {})[0] == pytest.approx(80.0)


def test_the_last_size_stays_where_the_interval_is_wide() -> None:
    controller = FollowNoise(low=8, high=512, factor=1.0)
    first, memory = controller(told(100.0, 50.0, 101.0), {})
    known, memory = controller(told(100.0, 50.0, 100.0), memory)
    held, memory = controller(told(300.0, 50.0, 101.0), memory)
    endless, _ = controller(told(300.0, 50.0, math.inf), memory)
    assert [first, known, held, endless] == [8.0, 100.0, 100.0, 100.0]


def test_how_wide_is_too_wide_can_be_said() -> None:
    controller = FollowNoise(low=8, high=512, factor=1.0, widest=4.0)
    assert controller(told(100.0, 50.0, 200.0), {})[0] == 100.0
    assert controller(told(100.0, 50.0, 201.0), {})[0] == 8.0


def test_a_noise_scale_below_nothing_asks_for_low() -> None:
    rules: tuple[Literal["proportional", "root"], ...] = ("proportional", "root")
    for rule in rules:
        controller = FollowNoise(low=8, high=512, rule=rule, factor=1.0)
        assert controller(told(-4.0, 1.0, 1.0), {"wanted": 50.0})[0] == 8.0
