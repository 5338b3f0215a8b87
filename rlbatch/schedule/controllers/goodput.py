"""The rung that learns most per second on this machine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from rlbatch.contract import Memory
from rlbatch.errors import require
from rlbatch.schedule.bounds import powers_within, require_bounds
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodput:
    """B = argmax throughput(B) · (φ + B₀) / (φ + B) over powers of two, φ the noise scale.

    Rows per second, times what a row in a batch of B teaches, as a share of what it teaches in one
    of B₀; which rung wins does not depend on B₀. Rungs without a figure are left out; without any,
    or with φ < 0 (the gradient is lost in its noise), the last size stays. The smallest of equals
    wins. It depends on the hardware and on what else runs there, so two runs of one seed need not
    agree: it is barred from paired comparisons.
    After Pollux, Qiao et al. 2021, https://arxiv.org/abs/2008.12260.
    """

    kind: Literal["goodput"] = "goodput"
    low: int  # rows
    high: int  # rows
    reference: int = 128  # B₀, rows at which a row counts as one

    signals: ClassVar[tuple[str, ...]] = ("noise_scale",)
    experimental: ClassVar[bool] = True
    needs_throughput: ClassVar[bool] = True  # meters `throughput_<B>`, rows per second

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        advice = "Widen the bounds."
        expected = f"at least two powers of two from low ({self.low}) on"
        require(len(self.rungs) >= 2, f"{self.kind}.high", expected, self.high, advice)
        require(self.reference >= 1, f"{self.kind}.reference", "at least 1 row", self.reference)

    @property
    def largest(self) -> int:
        """Rows."""
        return self.high

    @property
    def rungs(self) -> tuple[int, ...]:
        """Powers of two in [low, high]."""
        return powers_within(self.low, self.high)

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        noise = signal.meters["noise_scale"]
        measured = {rows: signal.meters.get(f"throughput_{rows}", math.nan) for rows in self.rungs}
        goods = {
            rows: self.goodput(rows, speed, noise)
            for rows, speed in measured.items()
            if noise >= 0.0 and 0.0 < speed < math.inf
        }
        held = memory.get("wanted", float(self.low))
        wanted = float(max(goods, key=goods.__getitem__)) if goods else held
        return wanted, {"wanted": wanted}

    def goodput(self, rows: int, throughput: float, noise: float) -> float:
        """Rows per second, each counted as the rows of a `reference` batch that it is worth."""
        return throughput * ((noise + self.reference) / (noise + rows))
