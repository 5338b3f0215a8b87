"""What B is in every lane: schedules see signals, lanes that see the same share a decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlbatch.schedule import BatchPlan
from rlbatch.train.exploration import Exploration
from rlbatch.train.lanes import Lanes
from rlbatch.train.settings import TrainSettings
from rlbatch.types import Signal

NOTHING: Mapping[str, float] = MappingProxyType({})


class Wanted(NamedTuple):
    """One for all lanes, or `[L]` each."""

    rows: int | npt.NDArray[np.int64]  # B
    lr: float | npt.NDArray[np.float64]  # already coupled to B


class _Group(NamedTuple):
    """Lanes that decide as one."""

    plan: BatchPlan
    exploration: Exploration
    lanes: npt.NDArray[np.int64]


class Decider:
    """Asks each distinct pair of plan and exploration once per update.

    Args:
        settings: of the run.
        lanes: their counters.
        updates: `[L]` updates made, when asked.
        stored: `[L]` rows in the buffer, when asked.
    """

    def __init__(
        self,
        settings: TrainSettings,
        lanes: Lanes,
        updates: Callable[[], npt.NDArray[np.int64]],
        stored: Callable[[], npt.NDArray[np.int64]],
    ) -> None:
        self._settings, self._lanes = settings, lanes
        self._updates, self._stored = updates, stored
        arms = settings.lane_arms
        self._explorations = [arm.exploration for arm in arms]
        rates = [arm.learner.lr for arm in arms]
        self.lr: float | npt.NDArray[np.float64]  # before coupling
        self.lr = rates[0] if len(set(rates)) == 1 else np.array(rates)
        self._same_epsilon = len(set(self._explorations)) == 1
        self._groups = self._grouped()
        self._meters: list[Mapping[str, float]] = [NOTHING] * len(arms)

    def hear(self, readings: Sequence[Mapping[str, float]]) -> None:
        """From now on signals tell each lane's reading `[L]` of how its rows are drawn.

        They tell the reading of the last log point, so a schedule that follows it hangs on
        `log_every` too. Lanes of one plan and exploration follow that of the first.
        """
        self._meters = [MappingProxyType(dict(own)) for own in readings]

    def wanted(self) -> Wanted:
        """Rows and learning rate now."""
        if len(self._groups) == 1:
            decision = self._groups[0].plan.decide(self.signal())
            return Wanted(decision.rows, self.lr * decision.lr_factor)
        rows = np.zeros(len(self._explorations), np.int64)
        factor = np.ones(len(self._explorations))
        for group in self._groups:
            going = group.lanes[self._lanes.active[group.lanes]]
            if len(going):
                decision = group.plan.decide(self.signal(int(going[0])))
                rows[group.lanes], factor[group.lanes] = decision.rows, decision.lr_factor
        return Wanted(rows, self.lr * factor)

    def epsilon(self) -> float | npt.NDArray[np.float64]:
        """Exploration rate now: one for all lanes, or `[L, 1]`."""
        now, budget = self._lanes.now, self._settings.env_steps
        if self._same_epsilon:
            return self._explorations[0].rate(now, budget)
        return np.array([[own.rate(now, budget)] for own in self._explorations])

    def signal(self, lane: int | None = None) -> Signal:
        """What a schedule sees now in a lane, by default the first that is active."""
        lane = int(self._lanes.active.argmax()) if lane is None else lane
        now, budget = self._lanes.now, self._settings.env_steps
        exploration = self._explorations[lane]
        return Signal(
            env_step=now,
            update=int(self._updates()[lane]),
            samples=int(self._lanes.samples[lane]),
            stored=int(self._stored()[lane]),
            capacity=self._settings.replay.capacity,
            learning=now >= self._settings.learn.start,
            exploration=exploration.rate(now, budget),
            exploration_start=exploration.start,
            exploration_end=exploration.end,
            exploration_slope=exploration.slope(now, budget),
            batch_size=int(self._lanes.batch_size[lane]),
            meters=self._meters[lane],
        )

    def _grouped(self) -> list[_Group]:
        """Lanes by what they decide from; plans need not be hashable, only comparable."""
        own = [
            (self._settings.batch.of_lane(lane), exploration)
            for lane, exploration in enumerate(self._explorations)
        ]
        kinds = [pair for lane, pair in enumerate(own) if pair not in own[:lane]]
        return [
            _Group(*kind, np.array([lane for lane, pair in enumerate(own) if pair == kind]))
            for kind in kinds
        ]
