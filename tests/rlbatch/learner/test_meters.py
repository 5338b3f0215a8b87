"""Running means, each lane's own."""

from __future__ import annotations

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
