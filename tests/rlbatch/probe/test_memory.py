"""The slope of peak memory, with readings that a pencil made up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rlbatch.probe.memory import ENOUGH, Reading, measured, readings, rows_that_fit, slope_of
from rlbatch.probe.settings import ProbeSettings
from rlbatch.probe.state import Frozen

MIB = 1 << 20


class Told:
    """Peaks of a machine that holds `base` and so much a row."""

    how = "made up"

    def __init__(self, frozen: Frozen, base: int, each: int, limit: int) -> None:
        self.base, self.each, self._limit = base, each, limit
        self.seen: list[int] = []
        draw = frozen.draw

        def noted(rows: int) -> object:
            self.seen.append(rows)
            return draw(min(rows, 8))

        frozen.draw = noted  # type: ignore[assignment, method-assign]

    def peak(self, work: Callable[[], None]) -> int:
        work()
        return self.base + self.each * self.seen[-1]

    def resident(self) -> int:
        return self.base

    def limit(self) -> tuple[int, str]:
        return self._limit, "a pencil"


def test_sizes_are_doubled_until_the_peak_has_grown_enough() -> None:
    found = readings(lambda rows: rows * MIB, 1 << 16, lambda held: True)
    assert [reading.rows for reading in found] == [32, 64, 128, 256]
    assert found[-1].peak - found[0].peak >= ENOUGH > found[-2].peak - found[0].peak


def test_no_size_is_tried_beyond_the_most_or_when_it_would_be_careless() -> None:
    assert [r.rows for r in readings(lambda rows: 0, 100, lambda held: True)] == [32, 64]
    assert [r.rows for r in readings(lambda rows: 0, 5, lambda held: True)] == [5]
    assert len(readings(lambda rows: rows, 1 << 16, lambda held: held < 128)) == 3


def test_the_slope_is_that_of_the_last_two_readings() -> None:
    assert slope_of([Reading(32, 90), Reading(64, 100), Reading(128, 228)]) == 2.0


@pytest.mark.parametrize("found", [[Reading(32, 5)], [Reading(32, 5), Reading(64, 4)]])
def test_a_peak_that_does_not_grow_has_no_slope(found: list[Reading]) -> None:
    assert slope_of(found) == 0.0


def test_what_fits_is_a_share_of_what_is_free_over_the_slope() -> None:
    assert rows_that_fit(limit=1100, resident=100, slope=4.0, headroom=0.8) == 200
    assert rows_that_fit(limit=1100, resident=100, slope=0.0, headroom=0.8) == 800
    assert rows_that_fit(limit=100, resident=100, slope=4.0, headroom=0.8) == 1


def test_a_real_step_at_what_fits_proves_it(make_frozen: Callable[..., Frozen]) -> None:
    told = Told(frozen := make_frozen(), base=0, each=MIB, limit=500 * MIB)
    memory = measured(frozen, told, ProbeSettings())
    assert (memory.slope, memory.fits) == (float(MIB), 400)
    assert memory.checked == Reading(400, 400 * MIB)


def test_a_step_that_holds_more_than_the_limit_halves_what_fits(
    make_frozen: Callable[..., Frozen],
) -> None:
    told = Told(frozen := make_frozen(), base=0, each=MIB, limit=500 * MIB)
    peak = told.peak
    told.peak = lambda work: held if (held := peak(work)) < 300 * MIB else 2 * held  # type: ignore[method-assign]
    assert measured(frozen, told, ProbeSettings()).fits == 200


def test_the_capacity_is_told_beside_what_fits(make_frozen: Callable[..., Frozen]) -> None:
    frozen = make_frozen()
    memory = measured(frozen, Told(frozen, 0, 16, 10**12), ProbeSettings())
    assert memory.capacity == frozen.buffer.capacity < memory.fits
    assert memory.checked is not None
    assert memory.checked.rows == memory.capacity


def test_without_time_nothing_is_proved_and_it_says_so(make_frozen: Callable[..., Frozen]) -> None:
    frozen = make_frozen()
    memory = measured(frozen, Told(frozen, 0, MIB, 10**9), ProbeSettings(seconds=1e-9))
    assert memory.checked is None
