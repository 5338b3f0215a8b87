"""More rows as the loss nears its floor: coupled adaptive batch size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from rlbatch.contract import Memory
from rlbatch.errors import require
from rlbatch.schedule.bounds import require_bounds
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcessLoss:
    """B = lr · ξ / (L − floor · min L̄), ξ the trace of one row's gradient covariance.

    The published rule divides by L, which a TD loss never brings to 0: targets move and rewards
    are random. So what can still be learned is taken as what exceeds a share of the least smoothed
    loss so far, L̄ ← s L̄ + (1 − s) L. No excess asks for `high`. After Balles et al. 2017,
    "Coupling Adaptive Batch Sizes with Learning Rates" (https://arxiv.org/abs/1612.05086).
    """

    kind: Literal["cabs"] = "cabs"
    low: int  # rows
    high: int  # rows
    floor: float = 0.9  # share of min L̄ that cannot be learned away; 0: the published rule
    smoothing: float = 0.9  # s, share of the last L̄ in the next

    signals: ClassVar[tuple[str, ...]] = ("loss", "grad_trace", "lr")
    experimental: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        met = 0.0 <= self.floor <= 1.0
        require(met, f"{self.kind}.floor", "a share in [0, 1]", self.floor)
        met = 0.0 <= self.smoothing < 1.0
        require(met, f"{self.kind}.smoothing", "a number in [0, 1)", self.smoothing)

    @property
    def largest(self) -> int:
        """Rows."""
        return self.high

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        loss = signal.meters["loss"]
        smooth = loss + self.smoothing * (memory.get("loss", loss) - loss)
        least = min(memory.get("least", math.inf), smooth)
        excess = loss - self.floor * least
        noise = signal.meters["lr"] * signal.meters["grad_trace"]
        wanted = noise / excess if excess > 0.0 else math.inf
        wanted = min(float(self.high), max(float(self.low), wanted))
        return wanted, {"loss": smooth, "least": least}
