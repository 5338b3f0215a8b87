"""What B is in every lane: schedules see signals, lanes that see the same share a decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rlbatch.schedule import BatchPlan
from rlbatch.train.controls import Controls, Mask, Readings
from rlbatch.train.exploration import Exploration
from rlbatch.train.lanes import Lanes
from rlbatch.train.pack import Pack
from rlbatch.train.rates import Rates
from rlbatch.train.side_by_side import SideBySide
from rlbatch.train.signals import HELD_OUT, LOGGED
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
    """Asks each distinct pair of plan and exploration once per update, or a controller at times.

    Args:
        pack: the run, or several.
        lanes: their counters.
        updates: `[L]` updates made, when asked.
        stored: `[L]` rows in the buffer, when asked.
        feedback: of the lanes that are about to decide, for a controller.
    """

    def __init__(
        self,
        pack: Pack,
        lanes: Lanes,
        updates: Callable[[], npt.NDArray[np.int64]],
        stored: Callable[[], npt.NDArray[np.int64]],
        feedback: Callable[[Mask], Readings] | None = None,
    ) -> None:
        self._settings, self._lanes = pack.common, lanes
        self._updates, self._stored = updates, stored
        self._explorations = [arm.exploration for arm in pack.lane_arms]
        self._same_epsilon = len(set(self._explorations)) == 1
        replay = pack.common.replay  # n-step tails and held-out episodes make lanes uneven
        self._ragged = replay.n_step > 1 or replay.validation is not None
        self._groups = [group for k in range(len(pack.members)) for group in self._grouped(pack, k)]
        self._whole = pack.common.batch.whole
        self._follows = any(member.batch.lr_follows is not None for member in pack.members)
        self._open = any(not member.batch.closed for member in pack.members)
        self._heard: list[Mapping[str, float]] = [NOTHING] * len(self._explorations)
        alone = len(pack.members) == 1
        self.rates: Rates | SideBySide = (
            Rates(pack.common, lanes) if alone else SideBySide(pack, lanes)
        )
        self.lr = self.rates.lr  # of the last decision; before the first as declared
        self.controls: Controls | None = None
        if feedback is not None:
            self.controls = Controls(pack.lane_plans, lanes, self._seen, feedback)

    def hear(self, readings: Readings) -> None:
        """From now on signals tell what each lane's reading `[L]` has of `LOGGED` and `HELD_OUT`.

        They tell the reading of the last log point, so a schedule that follows it hangs on
        `log_every` too. Lanes of one plan and exploration follow that of the first.
        """
        told = (*LOGGED, *HELD_OUT)  # what is of the last decision must not pass for news later
        self._heard = [MappingProxyType({n: own[n] for n in told if n in own}) for own in readings]

    def wanted(self) -> Wanted:
        """Rows and learning rate now."""
        if self.controls is not None:
            rows = self.controls.rows(self._updates())
            rows = self._beside(rows) if self._open else rows
        elif self._whole and self._ragged:
            rows = self._stored()
        else:
            rows = self._by_group()
        self.lr = self.rates.of(rows, self._followed(rows))
        return Wanted(rows, self.lr)

    def epsilon(self, ahead: int = 0) -> float | npt.NDArray[np.float64]:
        """Exploration rate that many env steps from now: one for all lanes, or `[L, 1]`."""
        now, budget = self._lanes.now + ahead, self._settings.env_steps
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
            meters=self._heard[lane],
        )

    def _seen(self, lane: int, meters: Mapping[str, float]) -> Signal:
        """The signal of a lane with its feedback."""
        lr = float(np.broadcast_to(self.lr, len(self._explorations))[lane])
        heard = {**self._heard[lane], **meters, "lr": lr}
        return self.signal(lane)._replace(meters=MappingProxyType(heard))

    def _by_group(self) -> int | npt.NDArray[np.int64]:
        if len(self._groups) == 1:
            return self._groups[0].plan.rows(self.signal())
        return self._beside(0)

    def _beside(self, asked: int | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The rows that controllers asked for, and beside them those of schedules."""
        rows = np.broadcast_to(asked, len(self._explorations)).copy()
        for group, lane in self._going():
            if not group.plan.closed:
                rows[group.lanes] = group.plan.rows(self.signal(lane))
        return rows

    def _followed(self, rows: int | npt.NDArray[np.int64]) -> float | npt.NDArray[np.float64]:
        """The rows that the coupling goes by."""
        if not self._follows:
            return rows if isinstance(rows, int) else rows.astype(np.float64)
        if len(self._groups) == 1:
            return self._groups[0].plan.followed(0, self.signal())
        followed = np.broadcast_to(np.asarray(rows, np.float64), len(self._explorations)).copy()
        for group, lane in self._going():
            if group.plan.lr_follows is not None:
                followed[group.lanes] = group.plan.followed(0, self.signal(lane))
        return followed

    def _going(self) -> Iterator[tuple[_Group, int]]:
        """Groups that still have active lanes, and the first of these."""
        for group in self._groups:
            going = group.lanes[self._lanes.active[group.lanes]]
            if len(going):
                yield group, int(going[0])

    def _grouped(self, pack: Pack, k: int) -> list[_Group]:
        """Lanes of a member by what they decide from; plans need only be comparable.

        Where counters may differ from lane to lane, each is for itself.
        """
        plan, own = pack.members[k].batch, pack.own[k]
        kinds = [
            (plan.of_lane(lane), exploration)
            for lane, exploration in enumerate(self._explorations[own])
        ]
        if self._ragged or plan.closed:
            return [_Group(*kind, np.array([own.start + i])) for i, kind in enumerate(kinds)]
        fresh = [kind for i, kind in enumerate(kinds) if kind not in kinds[:i]]
        return [
            _Group(*kind, np.array([own.start + i for i, one in enumerate(kinds) if one == kind]))
            for kind in fresh
        ]
