"""As many rows as the gradient's noise makes worth while."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from rlbatch.contract import Memory
from rlbatch.errors import require
from rlbatch.schedule.bounds import require_bounds
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowNoise:
    """B follows the noise scale B̂ = tr Σ / |G|².

        proportional  B = factor · B̂
        root          B = √(factor · B̂)

    The root is the best schedule where an update may cost `factor` rows' worth of time. Where the
    interval around B̂ is wide, noise_high > widest · noise_low, the last size stays (`low` before
    the first). After McCandlish et al. 2018, https://arxiv.org/abs/1812.06162.
    """

    kind: Literal["noise_scale"] = "noise_scale"
    low: int  # rows
    high: int  # rows
    rule: Literal["proportional", "root"] = "proportional"
    factor: float  # proportional: a share; root: r, rows
    widest: float = 2.0  # upper end of the 95 % interval over its lower end

    signals: ClassVar[tuple[str, ...]] = ("noise_scale", "noise_low", "noise_high")
    experimental: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        met = self.rule in ("proportional", "root")
        require(met, f"{self.kind}.rule", "proportional or root", self.rule)
        met = 0.0 < self.factor < math.inf
        require(met, f"{self.kind}.factor", "a finite number above 0", self.factor)
        met = 1.0 < self.widest < math.inf
        require(met, f"{self.kind}.widest", "a finite number above 1", self.widest)

    @property
    def largest(self) -> int:
        """Rows."""
        return self.high

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        meters = signal.meters
        if meters["noise_high"] > self.widest * meters["noise_low"]:
            wanted = memory.get("wanted", float(self.low))
        else:
            wanted = self.factor * max(0.0, meters["noise_scale"])
            wanted = math.sqrt(wanted) if self.rule == "root" else wanted
            wanted = min(float(self.high), max(float(self.low), wanted))
        return wanted, {"wanted": wanted}
