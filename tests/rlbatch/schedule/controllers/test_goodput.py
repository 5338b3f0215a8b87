"""B is the rung that learns most per second."""

from __future__ import annotations

import math

import pytest

from rlbatch.schedule.controllers import Goodput
from rlbatch.types import Signal


def told(noise: float, **speeds: float) -> Signal:
    meters = {f"throughput_{name[1:]}": speed for name, speed in speeds.items()}
    return Signal(0, meters={"noise_scale": noise, **meters})


def test_goodput_counts_rows_by_what_they_teach() -> None:
    controller = Goodput(low=8, high=64, reference=100)
    assert controller.goodput(300, 1000.0, noise=100.0) == 500.0  # 200 / 400
    assert controller.goodput(100, 1000.0, noise=7.0) == 1000.0


def test_the_best_rung_moves_up_with_the_noise_scale() -> None:
    controller = Goodput(low=8, high=32)
    speeds = {"b8": 80.0, "b16": 120.0, "b32": 150.0}
    # divided by φ + B: 10, 7.5, 4.7 at φ = 0; 3.3, 3.75, 3.1 at 16; 0.74, 1.03, 1.14 at 100
    wanted = [controller(told(noise, **speeds), {})[0] for noise in (0.0, 16.0, 100.0)]
    assert wanted == [8.0, 16.0, 32.0]


@pytest.mark.parametrize("speed", [math.nan, math.inf, 0.0, -1.0])
def test_rungs_without_a_figure_are_left_out(speed: float) -> None:
    controller = Goodput(low=8, high=32)
    assert controller(told(1e6, b8=80.0, b16=120.0), {})[0] == 16.0
    assert controller(told(1e6, b8=80.0, b16=120.0, b32=speed), {})[0] == 16.0
    assert controller(told(1e6, b32=speed), {})[0] == 8.0


def test_the_last_size_stays_where_nothing_is_known() -> None:
    controller = Goodput(low=8, high=32)
    assert controller(told(100.0), {})[0] == 8.0
    _, memory = controller(told(100.0, b16=1.0), {})
    assert controller(told(100.0), memory)[0] == 16.0
    assert controller(told(-1.0, b8=80.0), memory)[0] == 16.0


def test_the_smallest_of_equals_wins() -> None:
    assert Goodput(low=8, high=32)(told(0.0, b16=160.0, b8=80.0), {})[0] == 8.0


def test_only_powers_of_two_within_bounds_are_tried() -> None:
    assert Goodput(low=9, high=100).rungs == (16, 32, 64)
    assert Goodput(low=1, high=8).rungs == (1, 2, 4, 8)
    assert Goodput(low=9, high=100)(told(1.0, b8=1e9, b128=1e9, b32=1.0), {})[0] == 32.0


def test_it_says_that_it_needs_throughput() -> None:
    assert Goodput.needs_throughput
