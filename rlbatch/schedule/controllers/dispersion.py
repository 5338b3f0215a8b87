"""Many rows where TD errors differ: think harder where it is hard."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from rlbatch.contract import Memory
from rlbatch.errors import require
from rlbatch.schedule.bounds import require_bounds
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersion:
    """Holds the relative standard error of a batch's mean |δ| at `precision`.

        cv = √max(E δ² − (E|δ|)², 0) / E|δ|,   cv / √B = precision,   so B = (cv / precision)²

    Own: the norm test (Byrd et al. 2012, https://doi.org/10.1007/s10107-012-0572-5) asked of |δ|
    in place of the gradient. Where every |δ| is 0 there is nothing to tell apart: `low`.
    """

    kind: Literal["dispersion"] = "dispersion"
    low: int  # rows
    high: int  # rows
    precision: float = 0.1  # standard error of the mean |δ|, as a share of it

    signals: ClassVar[tuple[str, ...]] = ("td_error", "td_square")
    experimental: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        met = 0.0 < self.precision < math.inf
        require(met, f"{self.kind}.precision", "a finite number above 0", self.precision)

    @property
    def largest(self) -> int:
        """Rows."""
        return self.high

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        mean = signal.meters["td_error"]
        spread = math.sqrt(max(0.0, signal.meters["td_square"] - mean * mean))
        ratio = spread / mean / self.precision if mean > 0.0 else 0.0
        return min(float(self.high), max(float(self.low), ratio * ratio)), {}
