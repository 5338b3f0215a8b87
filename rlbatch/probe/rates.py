"""Step 3, learning rate: a short range test around what the rule says, at every size."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rlbatch.probe.branches import branch
from rlbatch.probe.state import Frozen

MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)


class RangeTest(NamedTuple):
    """Progress at multiples of one learning rate, over the same rows."""

    size: int  # B
    lr: float  # by the rule; the mean over lanes
    progress: list[float]  # at each multiple, the mean over lanes
    diverged: list[int]  # lanes, at each multiple

    @property
    def best(self) -> float:
        """The multiple with the most progress."""
        return MULTIPLES[int(np.argmax(self.progress))]

    @property
    def at_end(self) -> bool:
        """May the best lie beyond what was tried?"""
        return self.best in (MULTIPLES[0], MULTIPLES[-1])


def range_tests(
    frozen: Frozen, sizes: Sequence[int], rows: int, deadline: float
) -> Iterator[RangeTest]:
    """A test of each size in turn, until the time is over; of the first always."""
    for number, size in enumerate(sizes):
        if number and time.perf_counter() > deadline:
            return
        yield _range_test(frozen, size, rows)


def _range_test(frozen: Frozen, size: int, rows: int) -> RangeTest:
    ends = [branch(frozen, size, rows, multiple, 1) for multiple in MULTIPLES]
    return RangeTest(
        size,
        float(np.mean(frozen.rate(size))),
        [float(end.progress.mean()) for end in ends],
        [int(end.diverged.sum()) for end in ends],
    )
