"""A branch: the frozen state trained on at one B and learning rate, over a number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlbatch.probe.state import Floats, Frozen
from rlbatch.probe.throughput import Pace

LEAST_UPDATES = 4  # of a branch
LEAST_ROWS = 1024  # of a branch
POINTS = 8  # at which the TD loss is read


class Branch(NamedTuple):
    """The TD loss of every active lane along a branch."""

    size: int  # B
    drawn: list[int]  # rows a lane at each point, from 0
    loss: Floats  # [points, L] mean δ²
    diverged: npt.NDArray[np.bool_]  # [L]

    @property
    def progress(self) -> Floats:
        """Share of the TD loss that is gone at the end, `[L]`; 0 in a lane that has diverged."""
        gone = 1.0 - self.loss[-1] / np.maximum(self.loss[0], 1e-30)
        return np.where(self.diverged, 0.0, gone)


def branch(
    frozen: Frozen, size: int, rows: int, multiple: float = 1.0, points: int = POINTS
) -> Branch:
    """Trains on from the frozen state until `rows` are drawn in a lane, at batches of `size`.

    Args:
        frozen: where it begins, and is again afterwards.
        size: B.
        rows: a lane; what is left over of them makes no update.
        multiple: of the rule's learning rate.
        points: at which the TD loss is read, the last at the end.
    """
    frozen.restore()
    lr, updates = frozen.rate(size, multiple), rows // size
    told, losses = [0], [frozen.loss]
    for update in range(1, updates + 1):
        frozen.update(size, lr)
        if update * points // updates > (update - 1) * points // updates:
            told.append(update * size)
            losses.append(frozen.td_loss())
    diverged = frozen.diverged()
    frozen.restore()
    return Branch(size, told, np.stack(losses), diverged)


def branch_plan(
    found: Sequence[Pace], lanes: int, want: int, seconds: float, times: int, beside: float = 0.0
) -> tuple[int, list[int]]:
    """Rows that every branch draws, and the sizes that are branched, the quickest first.

    `want` rows, halved until `times` branches at every size end in time, but no less than 1024;
    then the smallest sizes are left out, whose updates are the most.

    Args:
        found: how fast each size is.
        lanes: L, since paces count the rows of all.
        want: rows a lane.
        seconds: for all.
        times: branches of each size.
        beside: seconds that a branch takes whatever its rows.
    """

    def cost(tried: Sequence[Pace]) -> float:
        drawn = sum(rows * lanes / pace.rows_per_s for pace in tried)
        return times * (drawn + beside * len(tried))

    rows = want
    while rows > LEAST_ROWS and cost(branched(found, rows)) > seconds:
        rows //= 2
    tried = branched(found, rows)
    while len(tried) > 1 and cost(tried) > seconds:
        tried = tried[1:]
    return rows, [pace.rows for pace in reversed(tried)]


def branched(found: Sequence[Pace], rows: int) -> list[Pace]:
    """Powers of two that make 4 updates or more of so many rows; the smallest size if none does."""
    powers = [pace for pace in found if pace.rows & (pace.rows - 1) == 0]
    return [p for p in powers if p.rows * LEAST_UPDATES <= rows] or list(found[:1])
