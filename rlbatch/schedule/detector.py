"""The phase of a lane with what came before in mind: exploration, turnover, and a plateau."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from rlbatch.contract import Memory
from rlbatch.errors import require
from rlbatch.schedule.phase import Phase, phase
from rlbatch.types import Signal

Stage = Literal[Phase, "plateau"]
_RESTED, _SMOOTH, _BEST, _SINCE = "rested_at", "return", "best", "best_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """The config's `phase:` block: how the column `phase` of metrics.csv is read off.

    warmup    updates have not begun, or the buffer holds less than `fill` of its capacity
    explore, anneal, exploit    as `rlbatch.schedule.phase` says, by the exploration rate (or
              the size of parameter noise: only its way from start to end counts)
    exploit   waits until `renewed` of the capacity has been written since it was first read, so
              that what is replayed is of the exploiting policy; until then anneal
    plateau   in exploit, the smoothed return of training episodes has had no new best by more
              than `min_change` for `patience`, until it has one again
    """

    edge: float = 0.1  # share of the exploration rate's way that still counts to its ends
    fill: float = 0.0  # share of the capacity
    renewed: float = 0.0  # capacities written
    patience: float = 0.1  # share of env_steps
    min_change: float = 0.0  # return
    smoothing: float = 0.9  # weight of the old in the average of the return, per reading

    def __post_init__(self) -> None:
        require(0.0 < self.edge < 0.5, "phase.edge", "a number in (0, 0.5)", self.edge)
        require(0.0 <= self.fill <= 1.0, "phase.fill", "a share in [0, 1]", self.fill)
        require(self.renewed >= 0.0, "phase.renewed", "capacities ≥ 0", self.renewed)
        require(self.patience > 0.0, "phase.patience", "a share of env_steps > 0", self.patience)
        require(self.min_change >= 0.0, "phase.min_change", "a return ≥ 0", self.min_change)
        met = 0.0 <= self.smoothing < 1.0
        require(met, "phase.smoothing", "a number in [0, 1)", self.smoothing)

    def __call__(self, signal: Signal, memory: Memory, budget: int) -> tuple[Stage, Memory]:
        """The phase now, and what to remember until the next reading.

        Args:
            signal: of one lane; `meters["return"]` where episodes ended since the last reading.
            memory: {} at first.
            budget: env steps of the run.
        """
        memory = self._listened(signal, memory)
        if not signal.learning or signal.stored < self.fill * signal.capacity:
            return "warmup", memory
        found = phase(signal, self.edge)
        if found != "exploit":
            return found, {name: value for name, value in memory.items() if name != _RESTED}
        rested = memory.get(_RESTED, float(signal.env_step))
        memory = {**memory, _RESTED: rested}
        if signal.env_step - rested < self.renewed * signal.capacity:
            return "anneal", memory
        since = max(memory.get(_SINCE, rested), rested)
        waited = signal.env_step - since >= self.patience * budget
        return ("plateau" if waited and _BEST in memory else "exploit"), memory

    def _listened(self, signal: Signal, memory: Memory) -> Memory:
        """Takes the return of the episodes that ended, where there are any."""
        told = signal.meters.get("return")
        if told is None or math.isnan(told):
            return memory
        smooth = told + self.smoothing * (memory.get(_SMOOTH, told) - told)
        if _BEST in memory and smooth <= memory[_BEST] + self.min_change:
            return {**memory, _SMOOTH: smooth}
        return {**memory, _SMOOTH: smooth, _BEST: smooth, _SINCE: float(signal.env_step)}
