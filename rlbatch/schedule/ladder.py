"""From the wanted batch size, a float, to the one that is used, an int of few kinds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from rlbatch.errors import require
from rlbatch.schedule.bounds import powers_within


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Rounds to the nearest power of two in log₂, so that the learner sees few shapes.

    It leaves the current rung only when the wanted size lies more than ½ + `hysteresis` rungs
    away, so that a noisy signal does not flutter. `exact` rounds to the nearest integer instead.
    """

    kind: Literal["powers", "exact"] = "powers"
    hysteresis: float = 0.1  # rungs beyond the midpoint

    def __post_init__(self) -> None:
        require(self.kind in ("powers", "exact"), "ladder.kind", "powers or exact", self.kind)
        met = 0.0 <= self.hysteresis < 0.5
        require(met, "ladder.hysteresis", "a number in [0, 0.5)", self.hysteresis)

    def __call__(self, wanted: float, current: int = 0) -> int:
        """Rows to use.

        Args:
            wanted: rows, any number ≥ 1.
            current: rows used last, 0 before the first.

        Raises:
            ConfigError: a wanted size that is below 1 or not finite.
        """
        met = math.isfinite(wanted) and wanted >= 1.0
        require(met, "batch size", "a finite number of at least 1 row", wanted)
        if self.kind == "exact":
            return round(wanted)
        height = math.log2(wanted)
        if current > 0 and abs(height - math.log2(current)) <= 0.5 + self.hysteresis:
            return current
        return 1 << round(height)

    def rungs(self, low: int, high: int) -> tuple[int, int]:
        """The lowest and the highest rung in [low, high].

        Raises:
            ConfigError: no rung lies there.
        """
        if self.kind == "exact":
            return low, high
        powers = powers_within(low, high)
        advice = "Widen the bounds, or use ladder: {kind: exact}."
        got = f"[{low}, {high}]"
        require(bool(powers), "batch.ladder", "a power of two within the bounds", got, advice)
        return powers[0], powers[-1]
