"""As many rows as keep the reuse of a transition where it should be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from rlbatch.contract import Memory
from rlbatch.errors import require
from rlbatch.schedule.bounds import require_bounds
from rlbatch.types import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReuseGuard:
    """Holds the rows drawn per transition stored, replay_ratio · B, at `reuse`.

        B = reuse · Δenv_step / Δupdate + (reuse · env_step − samples) / max(within, Δupdate)

    Δ is since the last decision. The first term keeps up, the second pays what is owed, such as
    for transitions that were stored before learning began, and never faster than by the next
    decision, where it would overshoot. The first decision knows no Δ: `low`.
    Own; what is held is the reuse of Fedus et al. 2020, "Revisiting Fundamentals of Experience
    Replay" (https://arxiv.org/abs/2007.06700), told in rows in place of updates.
    """

    kind: Literal["reuse"] = "reuse"
    low: int  # rows
    high: int  # rows
    reuse: float  # rows drawn per transition stored
    within: int = 100  # learner updates in which a debt is paid

    signals: ClassVar[tuple[str, ...]] = ()
    experimental: ClassVar[bool] = False

    def __post_init__(self) -> None:
        require_bounds(self.kind, self.low, self.high)
        met = 0.0 < self.reuse < math.inf
        require(met, f"{self.kind}.reuse", "a finite number above 0", self.reuse)
        require(self.within >= 1, f"{self.kind}.within", "at least 1 update", self.within)

    @property
    def largest(self) -> int:
        """Rows."""
        return self.high

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        wanted = memory.get("wanted", float(self.low))
        updates = signal.update - memory.get("update", float(signal.update))
        if updates > 0:
            keeping_up = self.reuse * (signal.env_step - memory["env_step"]) / updates
            owed = self.reuse * signal.env_step - signal.samples
            wanted = keeping_up + owed / max(self.within, updates)
            wanted = min(float(self.high), max(float(self.low), wanted))
        now = {"env_step": float(signal.env_step), "update": float(signal.update)}
        return wanted, {**now, "wanted": wanted}
