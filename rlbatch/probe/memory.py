"""Step 1, memory: the largest batch that fits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rlbatch.probe.peaks import Peaks
from rlbatch.probe.settings import ProbeSettings
from rlbatch.probe.state import Frozen

FIRST = 32  # rows
ENOUGH = 128 << 20  # bytes between the first peak and the last, so that the slope can be seen
MOST = 1 << 16  # rows, of a step whose memory is read
CAREFUL = 0.4  # share of what is free, beyond which no larger step is tried for its slope


class Reading(NamedTuple):
    """The peak of a real step at one size."""

    rows: int
    peak: int  # bytes, all that is held


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What was read, and what fits."""

    how: str  # how peaks were read
    limit: int  # bytes that may be held at most
    limited_by: str
    resident: int  # bytes held before: replay, parameters, target and optimiser among them
    readings: tuple[Reading, ...]
    slope: float  # bytes a row of B, all lanes together; 0: too small to be seen
    fits: int  # rows
    capacity: int  # rows, the most that a schedule can use
    checked: Reading | None  # a real step at the smaller of the two; None: no time for it


def measured(frozen: Frozen, peaks: Peaks, settings: ProbeSettings) -> Memory:
    """Reads peaks at doubled sizes until their slope shows, then proves what it promises."""
    deadline = time.perf_counter() + settings.share("memory")
    resident, (limit, limited_by) = peaks.resident(), peaks.limit()

    def peak(rows: int) -> int:
        return peaks.peak(lambda: _step(frozen, rows))

    most = min(frozen.capacity, MOST)
    careful = resident + CAREFUL * (limit - resident)
    found = readings(peak, most, lambda held: held < careful and time.perf_counter() < deadline)
    slope = slope_of(found)
    promised = rows_that_fit(limit, resident, slope, settings.headroom)
    tried = min(promised, frozen.capacity)
    deadline = time.perf_counter() + settings.share("memory")  # small steps leave little of it
    proved, checked = _proved(peak, tried, limit, found, deadline)
    frozen.restore()
    return Memory(
        how=peaks.how,
        limit=limit,
        limited_by=limited_by,
        resident=resident,
        readings=tuple(found),
        slope=slope,
        fits=promised if proved == tried else proved,
        capacity=frozen.capacity,
        checked=checked,
    )


def readings(peak: Callable[[int], int], most: int, go_on: Callable[[int], bool]) -> list[Reading]:
    """Peaks at 32, 64, … rows, up to `most`, until they have grown enough."""
    rows = min(FIRST, most)
    found = [Reading(rows, peak(rows))]
    while found[-1].peak - found[0].peak < ENOUGH and 2 * rows <= most and go_on(found[-1].peak):
        rows *= 2
        found.append(Reading(rows, peak(rows)))
    return found


def slope_of(found: Sequence[Reading]) -> float:
    """Bytes a row between the last two readings; 0 where the peak does not grow."""
    if len(found) < 2:
        return 0.0
    (few, low), (many, high) = found[-2:]
    return max(0.0, (high - low) / (many - few))


def rows_that_fit(limit: int, resident: int, slope: float, headroom: float) -> int:
    """B_max = headroom · (limit − resident) / slope, and 1 at the least.

    Where no slope shows, a row is counted as one byte.
    """
    return max(1, int(headroom * (limit - resident) / max(slope, 1.0)))


def _proved(
    peak: Callable[[int], int],
    rows: int,
    limit: int,
    found: Sequence[Reading],
    deadline: float,
) -> tuple[int, Reading | None]:
    """The first of rows, rows / 2, … whose real step stays below the limit."""
    began = time.perf_counter()
    peak(found[-1].rows)
    per_row = (time.perf_counter() - began) / found[-1].rows
    while rows > 1:
        if time.perf_counter() + per_row * rows > deadline:
            return rows, None
        try:
            held = peak(rows)
        except RuntimeError as refused:  # what torch raises when there is no more
            if "memory" not in str(refused):
                raise
        else:
            if held <= limit:
                return rows, Reading(rows, held)
        rows //= 2
    return 1, None


def _step(frozen: Frozen, rows: int) -> None:
    """One update as a loop makes it, which still holds the batch before."""
    before = frozen.draw(rows)
    frozen.update(rows, frozen.rate(rows))
    frozen.wait()
    del before
