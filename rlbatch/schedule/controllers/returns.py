"""The batch size follows the return."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from rlbatch.contract import Memory
from rlbatch.errors import require
from rlbatch.schedule.bounds import require_bounds
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowReturn:
    """B = low + (high − low) · clip((R̄ − worst) / (best − worst), 0, 1).

    R̄ ← s R̄ + (1 − s) R smooths the return of training episodes. With `reverse` B falls from high
    to low as the return rises. An end that is not told is the least or the most that R̄ has been.
    Own: performance in place of ε as the sign of progress.
    """

    kind: Literal["return"] = "return"
    low: int  # rows
    high: int  # rows
    worst: float | None = None  # return at which B = low; None: the least R̄ so far
    best: float | None = None  # return at which B = high; None: the most R̄ so far
    smoothing: float = 0.9  # s, share of the last R̄ in the next
    reverse: bool = False  # high at worst, low at best

    signals: ClassVar[tuple[str, ...]] = ("return",)
    experimental: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        for name in ("worst", "best"):
            end = getattr(self, name)
            met = end is None or math.isfinite(end)
            require(met, f"{self.kind}.{name}", "a finite return, or none", end)
        if self.worst is not None and self.best is not None:
            falls = "For B that falls as the return rises say reverse: true."
            advice = falls * (self.best < self.worst)
            met = self.worst < self.best
            require(met, f"{self.kind}.best", f"more than worst ({self.worst})", self.best, advice)
        met = 0.0 <= self.smoothing < 1.0
        require(met, f"{self.kind}.smoothing", "a number in [0, 1)", self.smoothing)

    @property
    def largest(self) -> int:
        """Rows."""
        return self.high

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        now = signal.meters["return"]
        smooth = now + self.smoothing * (memory.get("return", now) - now)
        least = min(smooth, memory.get("least", smooth))
        most = max(smooth, memory.get("most", smooth))
        worst = least if self.worst is None else self.worst
        best = most if self.best is None else self.best
        gone = (smooth - worst) / (best - worst) if best > worst else 0.0
        share = min(1.0, max(0.0, gone))
        share = 1.0 - share if self.reverse else share
        wanted = self.low + (self.high - self.low) * share
        return wanted, {"return": smooth, "least": least, "most": most}
