"""Batch sizes that move with time: by equal amounts, or by equal factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rlbatch.errors import require
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ramp:
    """From `start` at env step `begin` to `stop` at env step `end`, either direction."""

    start: int  # rows
    stop: int  # rows
    begin: int = 0  # env step
    end: int  # env step

    def __post_init__(self) -> None:
        where = type(self).__name__.lower()
        require(self.start >= 1, f"{where}.start", "at least 1 row", self.start)
        require(self.stop >= 1, f"{where}.stop", "at least 1 row", self.stop)
        require(
            self.start != self.stop,
            f"{where}.stop",
            f"other than start ({self.start})",
            self.stop,
            "For one size use kind: fixed.",
        )
        require(self.begin >= 0, f"{where}.begin", "an env step ≥ 0", self.begin)
        require(self.end > self.begin, f"{where}.end", f"after begin ({self.begin})", self.end)

    @property
    def smallest(self) -> int:
        """Rows."""
        return min(self.start, self.stop)

    @property
    def largest(self) -> int:
        """Rows."""
        return max(self.start, self.stop)

    def progress(self, signal: Signal) -> float:
        """Share of the way gone, 0 to 1."""
        gone = (signal.env_step - self.begin) / (self.end - self.begin)
        return min(1.0, max(0.0, gone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear(_Ramp):
    """B(t) = start + (stop − start) · p,   p the share of the way from `begin` to `end`."""

    kind: Literal["linear"] = "linear"

    def __call__(self, signal: Signal) -> float:
        return self.start + (self.stop - self.start) * self.progress(signal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometric(_Ramp):
    """B(t) = start¹⁻ᵖ · stopᵖ,   p the share of the way from `begin` to `end`.

    Equal times between doublings, as in Smith et al. 2017, "Don't Decay the Learning Rate,
    Increase the Batch Size" (https://arxiv.org/abs/1711.00489).
    """

    kind: Literal["geometric"] = "geometric"

    def __call__(self, signal: Signal) -> float:
        gone = self.progress(signal)
        wanted = self.start ** (1.0 - gone) * self.stop**gone
        low, high = sorted((self.start, self.stop))
        return float(min(high, max(low, wanted)))  # rounding must not leave the ends
