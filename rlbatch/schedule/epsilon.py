"""The batch size follows the exploration rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rlbatch.errors import require
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Epsilon:
    """B = explore + (exploit − explore) · (ε₀ − ε) / (ε₀ − ε₁), either direction.

    ε₀ and ε₁ are the exploration rate's ends; where they are equal there is nothing to follow.
    """

    kind: Literal["epsilon"] = "epsilon"
    explore: int  # rows at ε₀
    exploit: int  # rows at ε₁

    def __post_init__(self) -> None:
        require(self.explore >= 1, "epsilon.explore", "at least 1 row", self.explore)
        require(self.exploit >= 1, "epsilon.exploit", "at least 1 row", self.exploit)
        require(
            self.explore != self.exploit,
            "epsilon.exploit",
            f"other than explore ({self.explore})",
            self.exploit,
            "For one size use kind: fixed.",
        )

    @property
    def smallest(self) -> int:
        """Rows."""
        return min(self.explore, self.exploit)

    @property
    def largest(self) -> int:
        """Rows."""
        return max(self.explore, self.exploit)

    def __call__(self, signal: Signal) -> float:
        start, end = signal.exploration_start, signal.exploration_end
        require(
            start != end,
            "epsilon schedule",
            "an exploration rate that moves",
            f"ε = {start} throughout",
            "Let exploration.start and exploration.end differ, or use another schedule.",
        )
        gone = (start - signal.exploration) / (start - end)
        return self.explore + (self.exploit - self.explore) * min(1.0, max(0.0, gone))
