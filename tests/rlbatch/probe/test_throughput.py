"""Which sizes are timed, in what order, and where speed levels off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from rlbatch.probe.peaks import peaks_on
from rlbatch.probe.settings import ProbeSettings
from rlbatch.probe.state import Frozen
from rlbatch.probe.throughput import Pace, knee, paces, sizes, updates_in


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (300, [8, 16, 32, 64, 96, 127, 128, 129, 256]),
        (128, [8, 16, 32, 64, 96, 127, 128]),
        (8, [8]),
        (5, [5]),
    ],
)
def test_sizes_are_powers_of_two_and_three_neighbours(most: int, expected: list[int]) -> None:
    assert sizes(most) == expected


def test_the_knee_is_the_smallest_size_that_reaches_the_share(
    pace: Callable[[int, float], Pace],
) -> None:
    found = [pace(8, 10.0), pace(16, 79.0), pace(32, 80.0), pace(64, 100.0), pace(128, 95.0)]
    assert knee(found, 0.8) == 32
    assert knee(found, 0.79) == 16


def test_a_part_of_the_time_holds_so_many_updates() -> None:
    assert updates_in(1.0, 0.25, 40) == 4
    assert updates_in(100.0, 0.25, 40) == 40
    assert updates_in(0.1, 0.25, 40) == updates_in(-1.0, 0.25, 40) == 1


def test_each_round_times_every_size(make_frozen: Callable[..., Frozen]) -> None:
    frozen, seen = make_frozen(), list[int]()
    update = frozen.update
    frozen.update = lambda rows, lr: (seen.append(rows), update(rows, lr))[1]  # type: ignore[method-assign, func-returns-value]
    settings = ProbeSettings(updates=5)
    found = paces(frozen, [8, 16], peaks_on(torch.device("cpu")), settings, lambda told: None)
    assert [own.updates for own in found] == [5, 5]
    rounds = seen[-10:]
    assert all(sorted(rounds[i : i + 2]) == [8, 16] for i in range(0, 10, 2))


def test_rows_are_counted_over_all_lanes(make_frozen: Callable[..., Frozen]) -> None:
    frozen, settings = make_frozen(), ProbeSettings(updates=5)
    (own,) = paces(frozen, [8], peaks_on(torch.device("cpu")), settings, lambda told: None)
    assert own.rows_per_s == pytest.approx(2 * 8 / (own.ms / 1e3))


def test_when_time_is_over_no_round_begins_and_fewer_are_told(
    make_frozen: Callable[..., Frozen],
) -> None:
    frozen, settings = make_frozen(), ProbeSettings(seconds=1e-9)
    told: list[Any] = []
    (own,) = paces(frozen, [8], peaks_on(torch.device("cpu")), settings, told.append)
    assert (own.updates, len(told)) == (1, 1)
