"""Running means, each lane's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from rlbatch.learner.meters import Meters

CPU = torch.device("cpu")
BOTH = torch.tensor([True, True])


def add(meters: Meters, one: float, other: float, ok: torch.Tensor = BOTH) -> None:
    """An update with the same number in every meter of a lane."""
    told = torch.tensor([one, other])
    meters.add(told, told * 2, told * 3, ok)


def test_a_reading_is_the_mean_since_the_last_reading() -> None:
    meters = Meters(2, CPU)
    add(meters, 1.0, 5.0)
    add(meters, 3.0, 7.0)
    assert meters.read() == [
        {"loss": 2.0, "td_error": 4.0, "grad_norm": 6.0},
        {"loss": 6.0, "td_error": 12.0, "grad_norm": 18.0},
    ]
    add(meters, 9.0, 9.0)
    assert [lane["loss"] for lane in meters.read()] == [9.0, 9.0]


def test_a_lane_without_updates_has_nothing_to_tell() -> None:
    meters = Meters(2, CPU)
    add(meters, 1.0, 5.0, torch.tensor([False, True]))
    one, other = meters.read()
    assert one == {}
    assert other["loss"] == 5.0
    assert meters.read() == [{}, {}]


def test_what_a_lane_that_is_not_ok_says_is_left_out_even_nan() -> None:
    meters = Meters(2, CPU)
    add(meters, 1.0, 5.0)
    add(meters, torch.nan, 7.0, torch.tensor([False, True]))
    assert [lane["loss"] for lane in meters.read()] == [1.0, 6.0]


def test_only_the_lanes_that_are_read_start_anew() -> None:
    meters = Meters(2, CPU)
    add(meters, 1.0, 5.0)
    one, other = meters.read(np.array([True, False]))
    assert (one["loss"], other) == (1.0, {})
    add(meters, 3.0, 7.0)
    assert [own.get("loss") for own in meters.read(np.array([False, True]))] == [None, 6.0]
    assert [own.get("loss") for own in meters.read()] == [3.0, None]


def test_squares_are_told_where_they_are_asked_for() -> None:
    meters = Meters(2, CPU, squares=True)
    for one, other in ((1.0, 2.0), (3.0, 4.0)):
        told = torch.tensor([one, other])
        meters.add(told, told, told, BOTH, td_square=told * told)
    assert [own["td_square"] for own in meters.read()] == [5.0, 10.0]
    assert list(meters.read()) == [{}, {}]


@pytest.mark.parametrize("told", [torch.inf, torch.nan])
def test_a_number_that_overflows_is_gone_with_its_reading(told: float) -> None:
    meters = Meters(2, CPU)
    add(meters, told, 5.0)
    assert not math.isfinite(meters.read()[0]["loss"])
    add(meters, 1.0, 5.0)
    assert [own["loss"] for own in meters.read()] == [1.0, 5.0]
