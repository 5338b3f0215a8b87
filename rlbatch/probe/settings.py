"""Settings of the probe."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from rlbatch.errors import require

Stage = Literal["warm", "memory", "throughput", "noise", "rates", "branches"]
SHARES: dict[Stage, float] = {  # of `seconds`; what a stage leaves over nobody else takes
    "warm": 0.15,
    "memory": 0.10,  # for its readings, and as much again for the proof
    "throughput": 0.20,
    "noise": 0.05,
    "rates": 0.20,
    "branches": 0.25,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """What is tried, how long, and the shares that the findings are read off with."""

    seconds: float = 150.0  # wall time that the stages share
    env_steps: int | None = None  # a lane, before the state is frozen; None: see `first_part`
    largest: int = 8192  # rows, the largest size that is timed
    updates: int = 200  # timed at each size, fewer where time is short
    rows: int = 32_768  # drawn by each branch, fewer where time is short
    evaluation_rows: int = 4096  # a lane, on which the TD loss is read
    headroom: float = 0.8  # share of the free memory that a batch may fill
    knee: float = 0.8  # share of the best rows/s
    tolerance: float = 0.2  # share of the best progress that the critical size may miss

    def __post_init__(self) -> None:
        met = 0.0 < self.seconds < math.inf
        require(met, "--seconds", "a finite number above 0", self.seconds)
        met = self.env_steps is None or self.env_steps >= 1
        require(met, "--env-steps", "at least 1", self.env_steps)
        for name in ("largest", "updates", "rows", "evaluation_rows"):
            number = getattr(self, name)
            require(number >= 1, f"--{name.replace('_', '-')}", "at least 1", number)
        for name in ("headroom", "knee", "tolerance"):
            share = getattr(self, name)
            require(0.0 < share < 1.0, f"--{name}", "a share in (0, 1)", share)

    def share(self, stage: Stage) -> float:
        """Seconds that a stage may take."""
        return SHARES[stage] * self.seconds
