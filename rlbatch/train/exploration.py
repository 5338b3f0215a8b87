"""The exploration rate over a run."""

from __future__ import annotations

from dataclasses import dataclass

from rlbatch.errors import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """ε falls in a straight line from `start` to `end` over a share of the run, then rests."""

    start: float = 1.0
    end: float = 0.05
    fraction: float = 0.5  # share of env_steps

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            rate = getattr(self, name)
            require(0.0 <= rate <= 1.0, f"exploration.{name}", "a rate in [0, 1]", rate)
        met = self.end <= self.start
        require(met, "exploration.end", f"at most start ({self.start})", self.end)
        met = 0.0 < self.fraction <= 1.0
        require(met, "exploration.fraction", "a share in (0, 1]", self.fraction)

    def rate(self, env_step: int, budget: int) -> float:
        """ε at an env step of a run of `budget` env steps."""
        gone = min(1.0, env_step / (self.fraction * budget))
        return self.start + (self.end - self.start) * gone

    def slope(self, env_step: int, budget: int) -> float:
        """Change of ε per env step; 0 once it rests."""
        length = self.fraction * budget
        return (self.end - self.start) / length if env_step < length else 0.0
