"""The batch size goes up and down again, over and over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rlbatch.errors import require
from rlbatch.schedule.bounds import require_bounds
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cyclic:
    """B(u) = low¹⁻ˢ · highˢ,   s = 1 − |2 · frac(u / period) − 1|: a triangle in log₂ B.

    A control: every size at every age of the run. After Smith 2017, "Cyclical Learning Rates for
    Training Neural Networks" (https://arxiv.org/abs/1506.01186), with B in place of the lr.
    """

    kind: Literal["cyclic"] = "cyclic"
    low: int  # rows, where a period begins and ends
    high: int  # rows, half way
    period: int  # learner updates

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        require(self.period >= 2, f"{self.kind}.period", "at least 2 updates", self.period)

    @property
    def smallest(self) -> int:
        """Rows."""
        return self.low

    @property
    def largest(self) -> int:
        """Rows."""
        return self.high

    def __call__(self, signal: Signal) -> float:
        share = 1.0 - abs(2.0 * (signal.update % self.period) / self.period - 1.0)
        wanted = float(self.low ** (1.0 - share) * self.high**share)
        return min(float(self.high), max(float(self.low), wanted))  # rounding must not leave them
