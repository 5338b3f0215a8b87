"""Closed loop: a controller is asked for each lane, every k updates, and remembers between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.contract import Memory
from rlbatch.schedule import BatchPlan, Verdict
from rlbatch.schedule.control import nans_in
from rlbatch.train.lanes import Lanes
from rlbatch.types import Record, Signal

Counts = npt.NDArray[np.int64]  # [L]
Mask = npt.NDArray[np.bool_]  # [L]
Readings = Sequence[Mapping[str, float]]  # [L]


class Controls:
    """B of every lane by its own feedback.

    Args:
        plans: `[L]`; lanes of one without a controller are not asked, and have 0 rows.
        lanes: their counters.
        signal: what a lane sees, given the meters of its feedback.
        feedback: meters of the lanes that are about to decide.
    """

    def __init__(
        self,
        plans: Sequence[BatchPlan],
        lanes: Lanes,
        signal: Callable[[int, Mapping[str, float]], Signal],
        feedback: Callable[[Mask], Readings],
    ) -> None:
        self._plans, self._lanes, self._signal, self._feedback = plans, lanes, signal, feedback
        num = len(lanes.seeds)
        self.memory: list[Memory] = [{} for _ in range(num)]
        self._rows = np.zeros(num, np.int64)
        self._closed = np.array([plan.closed for plan in plans])
        self._every = np.array([plan.control.every for plan in plans])
        self._asked = -self._every  # updates made at the last decision
        self._warned = np.zeros(num, np.bool_)
        self._decided: list[Record] = []
        self._events: list[Record] = []

    def rows(self, updates: Counts) -> int | Counts:
        """B now: one for all lanes, or `[L]`."""
        due = self._closed & self._lanes.active & (updates - self._asked >= self._every)
        if due.any():
            readings = self._feedback(due)
            for lane in np.flatnonzero(due).tolist():
                self._ask(lane, readings[lane], int(updates[lane]))
            self._asked = np.where(due, updates, self._asked)
        first = int(self._rows[0])
        return first if (self._rows == first).all() else self._rows.copy()

    def read(self) -> tuple[list[Record], list[Record]]:
        """Decisions and events since the last reading."""
        told = self._decided, self._events
        self._decided, self._events = [], []
        return told

    def state(self, lanes: slice = slice(None)) -> dict[str, Any]:
        """All that it remembers of these lanes, as plain data."""
        return {
            "memory": [dict(own) for own in self.memory[lanes]],
            "rows": self._rows[lanes].tolist(),
            "asked": self._asked[lanes].tolist(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Takes a `state` of as many lanes."""
        self.memory = [dict(own) for own in state["memory"]]
        self._rows = np.array(state["rows"], np.int64)
        self._asked = np.array(state["asked"], np.int64)
        self._warned = np.array([nans_in(own) > 0 for own in self.memory])

    def _ask(self, lane: int, meters: Mapping[str, float], update: int) -> None:
        signal = self._signal(lane, meters)
        rows, verdict = self._plans[lane].ask(signal, self.memory[lane])
        self.memory[lane], self._rows[lane] = verdict.memory, rows
        told = {
            "wish": verdict.wish,
            "wanted": verdict.wanted,
            "batch_size": rows,
            "last": signal.batch_size,
            **signal.meters,
        }
        self._decided.append(self._lanes.record("control", lane, update, told))
        self._warn(lane, verdict, update)

    def _warn(self, lane: int, verdict: Verdict, update: int) -> None:
        """Says once a lane that a signal was NaN; decisions.csv and control.csv have the rest."""
        if not verdict.nans or self._warned[lane]:
            return
        self._warned[lane] = True
        told = {"event": "nan_signal", "reason": f"{', '.join(verdict.nans)}: B holds where NaN"}
        self._events.append(self._lanes.record("event", lane, update, told))
