"""What is counted for each lane of a run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from rlbatch.types import Record

Kind = Literal["train", "eval", "event", "batch", "control"]


class Lanes:
    """Seeds, counters and the active mask, `[L]` each, and the clock they share."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self.seeds = list(seeds)
        self.env_step = np.zeros(len(seeds), np.int64)  # transitions stored
        self.samples = np.zeros(len(seeds), np.int64)  # rows drawn
        self.epochs = np.zeros(len(seeds))  # Σ rows drawn / rows stored then
        self.batch_size = np.zeros(len(seeds), np.int64)  # rows of the last update
        self.active = np.ones(len(seeds), np.bool_)  # False: stopped for good
        self.diverged = np.zeros(len(seeds), np.bool_)  # that was the reason
        self.all_active = self.any_active = True
        self.now = 0  # env steps of the lanes that are still active
        self.start_clock()

    def advance(self, env_steps: int) -> None:
        """The active lanes have stored that many transitions more."""
        self.now += env_steps
        if self.all_active:
            self.env_step.fill(self.now)
        else:
            self.env_step[self.active] = self.now

    def stop(self, lanes: npt.NDArray[np.bool_], *, diverged: bool = False) -> None:
        """Takes lanes `[L]` out of the run for good."""
        self.active &= ~lanes
        if diverged:
            self.diverged |= lanes
        self.all_active, self.any_active = bool(self.active.all()), bool(self.active.any())

    def start_clock(self) -> None:
        """From here on wall time counts."""
        self._started = time.perf_counter()

    @property
    def stopped_early(self) -> npt.NDArray[np.bool_]:
        """Lanes `[L]` that are out of the run and sound."""
        return ~(self.active | self.diverged)

    @property
    def wall_s(self) -> float:
        return time.perf_counter() - self._started

    def record(
        self, kind: Kind, lane: int, update: int, values: Mapping[str, float | str]
    ) -> Record:
        """A record of one lane, at its own counters; an evaluation is dated now for every lane."""
        step = self.now if kind == "eval" else int(self.env_step[lane])
        counters = step, update, int(self.samples[lane])
        return Record(kind, lane, self.seeds[lane], *counters, self.wall_s, values)
