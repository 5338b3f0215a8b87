"""The batch sizes of another run, update by update: the control that tells B's path from its mean.

Yoked controls replay what one run decided on another seed, in its order or without it; what stays
the same is the trajectory or its distribution, what goes is the tie to the learner's own state.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from rlbatch.errors import FileError, require
from rlbatch.schedule.trajectories import Rows, trajectories
from rlbatch.seeding import Purpose, uniform
from rlbatch.types import Signal

Order = Literal["recorded", "shuffled", "reversed", "random"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """B at update u is the u-th of `sizes`, and the last one ever after."""

    sizes: tuple[int, ...]  # rows

    def __call__(self, signal: Signal) -> float:
        return float(self.sizes[min(signal.update, len(self.sizes) - 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Lane k follows the log of lane k + shift of another run, counted round its lanes.

    recorded   the same sizes in the same order
    shuffled   the same sizes in a random order
    reversed   the same sizes, the last first
    random     each update draws from the log's sizes, with replacement
    """

    kind: Literal["replayed"] = "replayed"
    log: str  # a run's decisions.csv
    order: Order = "recorded"
    shift: int = 1  # lanes

    def __post_init__(self) -> None:
        require(self.shift >= 0, "replayed.shift", "at least 0 lanes", self.shift)
        try:
            trajectories(Path(self.log))
        except FileError as lost:
            where = "replayed.log"
            raise FileError(where, lost.expected, f"{lost.where}: {lost.got}") from None

    @property
    def largest(self) -> int:
        """Rows."""
        return self.sizes[-1]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Every size in the log, in rows, ascending."""
        return tuple(np.unique(np.concatenate(trajectories(Path(self.log)))).tolist())

    def of_lane(self, lane: int) -> Trajectory:
        """What a lane follows."""
        every = trajectories(Path(self.log))
        sizes = every[(lane + self.shift) % len(every)]
        return Trajectory(sizes=tuple(_ordered(sizes, self.order).tolist()))

    def __call__(self, signal: Signal) -> float:
        return self.of_lane(0)(signal)


def _ordered(sizes: Rows, order: Order) -> Rows:
    """One trajectory in another order; equal trajectories stay equal."""
    if order == "reversed":
        return sizes[::-1]
    if order == "recorded":
        return sizes
    drawn = uniform(0, Purpose.ORDER, 0, len(sizes))
    places = np.argsort(drawn) if order == "shuffled" else (drawn * len(sizes)).astype(np.int64)
    return np.asarray(sizes[places])
