"""Step 2, throughput: rows per second against B, and where it levels off."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from rlbatch.probe.peaks import Peaks
from rlbatch.probe.settings import ProbeSettings
from rlbatch.probe.state import Frozen

FIRST = 8  # rows
NEIGHBOURS = (96, 127, 129)  # does a size that is no power of two cost more?
ROUNDS = 5


class Pace(NamedTuple):
    """How fast updates of one size are."""

    rows: int  # B
    updates: int  # timed
    ms: float  # an update of all lanes: draw and learn; the median of the rounds
    rows_per_s: float  # of all lanes together
    peak: int  # bytes held


def sizes(most: int) -> list[int]:
    """Powers of two from 8 up, and three neighbours of 128, none above `most`."""
    powers = [1 << k for k in range(3, max(4, most.bit_length()))]
    return sorted(size for size in [*powers, *NEIGHBOURS] if size <= most) or [most]


def paces(
    frozen: Frozen,
    wanted: Sequence[int],
    peaks: Peaks,
    settings: ProbeSettings,
    say: Callable[[str], None],
) -> list[Pace]:
    """Times updates of every size in turn, round by round, so that a machine whose speed drifts
    slows them all alike."""
    deadline = time.perf_counter() + settings.share("throughput")
    held = {size: peaks.peak(partial(_run, frozen, size, 2)) for size in wanted}
    first = {size: _seconds(frozen, size, 1) for size in wanted}
    share = (deadline - time.perf_counter()) / (ROUNDS * len(wanted))
    counts = {s: updates_in(share, first[s], settings.updates // ROUNDS) for s in wanted}
    timed: dict[int, list[float]] = {size: [] for size in wanted}
    for turn in range(ROUNDS):
        for size in wanted if turn % 2 else reversed(wanted):
            timed[size].append(_seconds(frozen, size, counts[size]) / counts[size])
        say(f"round {turn + 1} of {ROUNDS}")
        if time.perf_counter() > deadline:
            break
    frozen.restore()
    return [_pace(frozen, size, counts[size], timed[size], held[size]) for size in wanted]


def updates_in(seconds: float, each: float, most: int) -> int:
    """Updates that a part of the time is enough for, 1 at the least."""
    return max(1, min(most, int(seconds / each)))


def knee(found: Sequence[Pace], share: float) -> int:
    """The smallest B whose rows/s reach a share of the best."""
    best = max(pace.rows_per_s for pace in found)
    return min(pace.rows for pace in found if pace.rows_per_s >= share * best)


def _seconds(frozen: Frozen, size: int, updates: int) -> float:
    frozen.wait()
    began = time.perf_counter()
    _run(frozen, size, updates)
    return time.perf_counter() - began


def _run(frozen: Frozen, size: int, updates: int) -> None:
    """Updates without a learning rate, until the device is done: they cost what others do."""
    for _ in range(updates):
        frozen.update(size, 0.0)
    frozen.wait()


def _pace(frozen: Frozen, size: int, updates: int, timed: Sequence[float], peak: int) -> Pace:
    each = float(np.median(timed))
    rows_per_s = frozen.learner.lanes * size / each
    return Pace(size, updates * len(timed), 1e3 * each, rows_per_s, peak)
