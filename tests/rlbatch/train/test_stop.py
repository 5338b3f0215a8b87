"""When patience runs out: by hand, and against a walk over each lane's curve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import ConfigError
from rlbatch.train.stop import Curve, Patience, Stop

NAN = math.nan
READING = st.sampled_from([NAN, -1.0, 0.0, 1.0, 1.5, 2.0, 3.0])


def stops(settings: Stop, *curves: list[float]) -> list[int | None]:
    """The reading at which each lane is first told to stop, counted from 1; None: never."""
    patience = Patience(settings, len(curves))
    found: list[int | None] = [None] * len(curves)
    for number, readings in enumerate(zip(*curves, strict=True), 1):
        ran_out = patience.read(readings)
        found = [
            n or (number if out else None) for n, out in zip(found, ran_out.tolist(), strict=True)
        ]
    return found


def walked(settings: Stop, curve: list[float]) -> int | None:
    """The same for one lane, reading by reading."""
    best, waited = None, 0
    for number, y in enumerate(curve, 1):
        if math.isnan(y):
            continue
        gain = None if best is None else (best - y if settings.on == "val_td" else y - best)
        if gain is None or gain > settings.min_change:
            best, waited = y, 0
        else:
            waited += 1
        if waited >= settings.patience:
            return number
    return None


@pytest.mark.parametrize(
    ("on", "curve", "stop"),
    [
        ("eval_return", [1.0, 2.0, 3.0, 4.0, 5.0], None),
        ("eval_return", [3.0, 2.0, 2.5, 9.0, 9.0], 3),
        ("eval_return", [3.0, 2.0, 4.0, 2.0, 4.0], 5),  # the new best at 3 starts anew
        ("eval_return", [3.0, 3.0, 3.0, 3.0, 3.0], 3),  # as good is not better
        ("eval_return", [-3.0, -2.0, -1.0, -1.5, -1.5], 5),
        ("val_td", [1.0, 2.0, 3.0, 4.0, 5.0], 3),
        ("val_td", [5.0, 4.0, 3.0, 2.0, 1.0], None),
        ("val_td", [2.0, 3.0, 1.0, 2.0, 1.5], 5),
    ],
)
def test_a_lane_stops_after_two_readings_without_a_new_best(
    on: Curve, curve: list[float], stop: int | None
) -> None:
    assert stops(Stop(on=on, patience=2), curve) == [stop]


def test_each_lane_looks_at_its_own_curve() -> None:
    falling, rising = [3.0, 2.0, 1.0], [1.0, 2.0, 3.0]
    assert stops(Stop(on="val_td", patience=1), falling, rising, falling) == [None, 2, None]
    assert stops(Stop(on="eval_return", patience=2), falling, rising, falling) == [3, None, 3]


def test_a_missing_reading_neither_counts_nor_starts_anew() -> None:
    settings = Stop(on="val_td", patience=2)
    assert stops(settings, [NAN, NAN, NAN, NAN, NAN]) == [None]
    assert stops(settings, [1.0, 2.0, NAN, NAN, 2.0]) == [5]
    assert stops(settings, [NAN, NAN, 1.0, NAN, 2.0]) == [None]


def test_a_best_counts_when_it_is_beaten_by_more_than_the_least_change() -> None:
    settings = Stop(on="eval_return", patience=2, min_change=0.5)
    assert stops(settings, [1.0, 1.5, 1.5]) == [3]
    assert stops(settings, [1.0, 1.5, 1.75]) == [None]


def test_small_steps_add_up() -> None:
    settings = Stop(on="val_td", patience=3, min_change=0.5)
    assert stops(settings, [4.0, 3.75, 3.5, 3.25, 3.0, 2.75, 2.5]) == [None]
    assert stops(settings, [4.0, 3.75, 3.75, 3.5, 3.0, 2.75, 2.5]) == [4]


def test_an_infinite_error_is_a_reading_and_no_best() -> None:
    assert stops(Stop(on="val_td", patience=2), [math.inf, math.inf, 1.0]) == [2]


@given(
    on=st.sampled_from(["val_td", "eval_return"]),
    patience=st.integers(1, 4),
    min_change=st.sampled_from([0.0, 0.5, 1.0]),
    curves=st.integers(0, 12).flatmap(
        lambda n: st.lists(st.lists(READING, min_size=n, max_size=n), min_size=1, max_size=3)
    ),
)
def test_lanes_side_by_side_stop_where_each_would_alone(
    on: Curve, patience: int, min_change: float, curves: list[list[float]]
) -> None:
    settings = Stop(on=on, patience=patience, min_change=min_change)
    assert stops(settings, *curves) == [walked(settings, curve) for curve in curves]


def test_what_is_read_is_left_as_it_was() -> None:
    readings = np.array([1.0, NAN])
    Patience(Stop(on="eval_return", patience=1), 2).read(readings)
    assert readings[0] == 1.0
    assert np.isnan(readings[1])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"on": "eval_return", "patience": 5}, "no new best eval_return for 5 evaluations"),
        ({"on": "val_td", "patience": 2}, "no new best val_td for 2 log points"),
        ({"on": "val_td", "patience": 1}, "no new best val_td for 1 log point"),
    ],
)
def test_the_reason_is_told_in_words(options: dict[str, Any], reason: str) -> None:
    assert Stop(**options).reason == reason


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"on": "loss"}, "stop.on: expected one of val_td, eval_return, got 'loss'"),
        ({"patience": 0}, "stop.patience: expected at least 1 reading, got 0"),
        ({"min_change": -0.5}, "stop.min_change: expected a finite number ≥ 0, got -0.5"),
        ({"min_change": math.inf}, "stop.min_change: expected a finite number"),
        ({"min_change": NAN}, "stop.min_change: expected a finite number"),
    ],
)
def test_a_stop_that_cannot_be_is_refused(options: dict[str, Any], told: str) -> None:
    fine: dict[str, Any] = {"on": "val_td", "patience": 3}
    with pytest.raises(ConfigError) as refused:
        Stop(**(fine | options))
    assert told in str(refused.value)
