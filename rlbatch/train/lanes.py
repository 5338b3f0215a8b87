"""What is counted for each lane of a run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from rlbatch.types import Record

Kind = Literal["train", "eval", "event"]


class Lanes:
    """Seeds, counters and the active mask, `[L]` each, and the clock they share."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self.seeds = list(seeds)
        self.env_step = np.zeros(len(seeds), np.int64)  # transitions stored
        self.samples = np.zeros(len(seeds), np.int64)  # rows drawn
        self.active = np.ones(len(seeds), np.bool_)  # False: stopped for good
        self.start_clock()

    def start_clock(self) -> None:
        """From here on wall time counts."""
        self._started = time.perf_counter()

    @property
    def wall_s(self) -> float:
        return time.perf_counter() - self._started

    @property
    def now(self) -> int:
        """Env steps of the lanes that are still active."""
        return int(self.env_step.max())

    def record(
        self, kind: Kind, lane: int, update: int, values: Mapping[str, float | str]
    ) -> Record:
        """A record of one lane, at its own counters; an evaluation is dated now for every lane."""
        step = self.now if kind == "eval" else int(self.env_step[lane])
        counters = step, update, int(self.samples[lane])
        return Record(kind, lane, self.seeds[lane], *counters, self.wall_s, values)
