"""Batch sizes drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rlbatch.errors import require
from rlbatch.schedule.bounds import powers_within, require_bounds
from rlbatch.seeding import Purpose, uniform
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomSizes:
    """B uniform over the powers of two in [low, high], drawn anew every `period` updates.

    A control: sizes that change but follow nothing. Own. The draw is that of (seed, ⌊u / period⌋),
    the same in every lane, so lanes share their trajectory and a resumed run repeats it.
    """

    kind: Literal["random"] = "random"
    low: int  # rows
    high: int  # rows
    period: int  # learner updates that each size is kept for
    seed: int = 0  # of the sizes; not the lane's

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        advice = "Widen the bounds."
        expected = f"at least two powers of two from low ({self.low}) on"
        require(len(self.rungs) >= 2, f"{self.kind}.high", expected, self.high, advice)
        require(self.period >= 1, f"{self.kind}.period", "at least 1 update", self.period)

    @property
    def smallest(self) -> int:
        """Rows."""
        return self.rungs[0]

    @property
    def largest(self) -> int:
        """Rows."""
        return self.rungs[-1]

    @property
    def rungs(self) -> tuple[int, ...]:
        """Powers of two in [low, high]."""
        return powers_within(self.low, self.high)

    def __call__(self, signal: Signal) -> float:
        draw = uniform(self.seed, Purpose.ORDER, signal.update // self.period, 1)[0]
        return float(self.rungs[int(draw * len(self.rungs))])
