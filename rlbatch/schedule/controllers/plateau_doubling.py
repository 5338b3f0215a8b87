"""Twice the rows where the return has stopped rising."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from rlbatch.contract import Memory
from rlbatch.errors import require
from rlbatch.schedule.bounds import require_bounds
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateauDoubling:
    """B ← min(high, factor · B) where a learning rate schedule would drop, from `low` on.

    That is after `patience` rows without a new best of the smoothed return R̄ ← s R̄ + (1 − s) R.
    Waiting then starts anew. After Smith et al. 2017, "Don't Decay the Learning Rate, Increase the
    Batch Size" (https://arxiv.org/abs/1711.00489).
    """

    kind: Literal["plateau"] = "plateau"
    low: int  # rows
    high: int  # rows
    patience: int  # rows drawn
    factor: float = 2.0
    min_change: float = 0.0  # return; a best that is better by no more is not new
    smoothing: float = 0.9  # s, share of the last R̄ in the next

    signals: ClassVar[tuple[str, ...]] = ("return",)
    experimental: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        require(self.patience >= 1, f"{self.kind}.patience", "at least 1 row", self.patience)
        met = 1.0 < self.factor < math.inf
        require(met, f"{self.kind}.factor", "a finite number above 1", self.factor)
        met = 0.0 <= self.min_change < math.inf
        require(met, f"{self.kind}.min_change", "a finite number of at least 0", self.min_change)
        met = 0.0 <= self.smoothing < 1.0
        require(met, f"{self.kind}.smoothing", "a number in [0, 1)", self.smoothing)

    @property
    def largest(self) -> int:
        """Rows."""
        return self.high

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        now = signal.meters["return"]
        smooth = now + self.smoothing * (memory.get("return", now) - now)
        best = memory.get("best", -math.inf)
        since = memory.get("since", float(signal.samples))
        wanted = memory.get("wanted", float(self.low))
        if smooth > best + self.min_change:
            best, since = smooth, float(signal.samples)
        elif signal.samples - since >= self.patience:
            wanted, since = min(float(self.high), wanted * self.factor), float(signal.samples)
        return wanted, {"return": smooth, "best": best, "since": since, "wanted": wanted}
