"""A batch size for each exploration phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rlbatch.errors import require
from rlbatch.schedule.phase import phase
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Phased:
    """B = the rows named for the phase that `rlbatch.schedule.phase` reads off the signal."""

    kind: Literal["phased"] = "phased"
    warmup: int | None = None  # rows; None: as explore. No update is made before learning begins
    explore: int  # rows
    anneal: int  # rows
    exploit: int  # rows
    edge: float = 0.1  # share of ε's way that still counts to its ends

    def __post_init__(self) -> None:
        for name in ("explore", "anneal", "exploit"):
            rows = getattr(self, name)
            require(rows >= 1, f"phased.{name}", "at least 1 row", rows)
        require(
            self.warmup is None or self.warmup >= 1, "phased.warmup", "at least 1 row", self.warmup
        )
        require(
            len({self.explore, self.anneal, self.exploit}) > 1,
            "phased",
            "phases that differ",
            f"{self.explore} rows in each",
            "For one size use kind: fixed.",
        )
        require(0.0 < self.edge < 0.5, "phased.edge", "a number in (0, 0.5)", self.edge)

    @property
    def smallest(self) -> int:
        """Rows."""
        return min(self.warmup or self.explore, self.explore, self.anneal, self.exploit)

    @property
    def largest(self) -> int:
        """Rows."""
        return max(self.warmup or 1, self.explore, self.anneal, self.exploit)

    def __call__(self, signal: Signal) -> float:
        rows = {
            "warmup": self.explore if self.warmup is None else self.warmup,
            "explore": self.explore,
            "anneal": self.anneal,
            "exploit": self.exploit,
        }
        return float(rows[phase(signal, self.edge)])
