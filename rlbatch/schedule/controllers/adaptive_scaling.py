"""Many rows once behaviour has settled: Adaptive Batch Scaling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from rlbatch.contract import Memory
from rlbatch.errors import require
from rlbatch.schedule.bounds import require_bounds
from rlbatch.types import Signal

_SETTLED, _MOVING = 0.05, 0.95  # divergence that asks for `high` rows, and for `low`
_KEPT = 0.9  # share of the last size in the next


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveScaling:
    """Few rows while greedy actions change, many once they stay.

        D  = 1 − (1 − c)^span,   D̄ the mean of the last `window` of them
        α  = ln(clip(D̄, .05, .95) / .05) / ln(.95 / .05)
        L* = high − α · (high − low),   L ← .9 L + .1 L*,   L = low at first

    c is the divergence per update, so that D does not depend on how often it is measured. The
    published rule rounds L down at every decision and so sticks below `high` (at 55 of 64); here
    L stays a float. After Park 2026, https://arxiv.org/abs/2605.21557.
    """

    kind: Literal["abs"] = "abs"
    low: int  # rows
    high: int  # rows
    span: int = 100  # learner updates that a divergence is told over
    window: int = 20  # decisions that it is averaged over

    signals: ClassVar[tuple[str, ...]] = ("divergence",)
    experimental: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        require(self.span >= 1, f"{self.kind}.span", "at least 1 update", self.span)
        require(self.window >= 1, f"{self.kind}.window", "at least 1 decision", self.window)

    @property
    def largest(self) -> int:
        """Rows."""
        return self.high

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        divergence = self.over_span(signal.meters["divergence"])
        count = int(memory.get("count", 0.0))
        ring = {**memory, f"d{count % self.window}": divergence}
        known = min(count + 1, self.window)
        mean = math.fsum(ring[f"d{i}"] for i in range(known)) / known
        kept = _KEPT * memory.get("wanted", float(self.low))
        wanted = kept + (1.0 - _KEPT) * self.target(mean)
        wanted = min(float(self.high), max(float(self.low), wanted))
        return wanted, {**ring, "count": count + 1.0, "wanted": wanted}

    def over_span(self, per_update: float) -> float:
        """Share of probe states whose greedy action changes within `span` updates."""
        return 1.0 - (1.0 - min(1.0, max(0.0, per_update))) ** self.span

    def target(self, divergence: float) -> float:
        """L*, rows: where L would come to rest if divergence stayed."""
        clipped = min(_MOVING, max(_SETTLED, divergence))
        share = math.log(clipped / _SETTLED) / math.log(_MOVING / _SETTLED)
        return self.high - share * (self.high - self.low)
