"""More rows where the gradient drowns in its noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from rlbatch.contract import Memory
from rlbatch.errors import require
from rlbatch.schedule.bounds import require_bounds
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class NormTest:
    """Passes where s² / B ≤ θ² |G|²; where it fails B ← min(s² / (θ² |G|²), growth · B, high).

    s² is the trace of one row's gradient covariance. |G|² is the unbiased estimate: the biased one
    lets B run away as G → 0. One that is not above 0 counts as a failed test. B starts at `low`
    and never shrinks. After Byrd et al. 2012, https://doi.org/10.1007/s10107-012-0572-5, and
    Bollapragada et al. 2018, https://arxiv.org/abs/1710.11258.
    """

    kind: Literal["norm_test"] = "norm_test"
    low: int  # rows
    high: int  # rows
    theta: float = 1.0  # noise of a batch's gradient that is borne, as a share of |G|
    growth: float = 2.0  # most that B is multiplied by at one decision

    signals: ClassVar[tuple[str, ...]] = ("grad_trace", "grad_square")
    experimental: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        met = 0.0 < self.theta < math.inf
        require(met, f"{self.kind}.theta", "a finite number above 0", self.theta)
        met = 1.0 < self.growth < math.inf
        require(met, f"{self.kind}.growth", "a finite number above 1", self.growth)

    @property
    def largest(self) -> int:
        """Rows."""
        return self.high

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        rows = memory.get("wanted", float(self.low))
        borne = self.theta * self.theta * signal.meters["grad_square"]
        needed = signal.meters["grad_trace"] / borne if borne > 0.0 else math.inf
        wanted = min(float(self.high), self.growth * rows, max(rows, needed))
        return wanted, {"wanted": wanted}
