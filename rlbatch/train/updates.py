"""Which updates are made: credit pays, a schedule decides B, rows are drawn, lanes learn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.seeding import draw_counter
from rlbatch.train.acting import Iterations
from rlbatch.train.credit import Credit
from rlbatch.train.decide import Decider, Wanted
from rlbatch.train.decisions import Decisions
from rlbatch.train.lanes import Lanes
from rlbatch.train.pack import Pack
from rlbatch.train.records import Moment
from rlbatch.train.signs import Signs
from rlbatch.types import Batch, Moments

Mask = npt.NDArray[np.bool_]  # [L]
Rows = npt.NDArray[np.int64]  # [L]


class Updates:
    """Brings the learner up to date after each env step.

    Args:
        pack: the run, or several.
        lanes: their counters.
        learner: what learns.
        buffer: what it learns from.
        decider: says B and the learning rate.
        signs: measured around updates.
        per_lane: environments a lane, E.
        iterations: programs that make an update after steps that wait for it, if there are any.
    """

    def __init__(
        self,
        pack: Pack,
        lanes: Lanes,
        learner: Learner,
        buffer: ReplayBuffer,
        decider: Decider,
        signs: Signs,
        per_lane: int = 1,
        iterations: Iterations | None = None,
    ) -> None:
        self._settings, self._lanes = pack.common, lanes
        self._learner, self._buffer = learner, buffer
        self._decider, self._signs = decider, signs
        self._per_lane, self._iterations = per_lane, iterations
        references = np.array([plan.reference for plan in pack.lane_plans])
        alike = (references == references[0]).all()
        reference = int(references[0]) if alike else references
        self._credit = Credit(pack.common.iso, len(lanes.seeds), reference)
        self._moments = _moments(pack)
        self._decisions = Decisions(lanes)
        replay = pack.common.replay  # may lanes have other numbers of rows to draw than were added?
        self._ragged = replay.n_step > 1 or replay.validation is not None
        self._once = replay.sampler.kind == "without_replacement"
        self._own = pack.own
        self.batches: list[Batch | None] = [None] * len(pack.members)  # the last of each
        self.lr: float | npt.NDArray[np.float64] = decider.lr  # of the last update

    def apart(self, before: int) -> bool:
        """Must the rows of env step `before` on be stored when updates are next asked for?

        So it is for the first ones, as the states come from there on which changes are seen.
        """
        learn = self._settings.learn
        reach = max(learn.every, self._per_lane)
        return not self._signs.ready and learn.due(before, before + reach) > 0

    def make(self, before: int) -> None:
        """All that are due since env step `before`, as far as the credit of each lane goes."""
        due = self._settings.learn.due(before, self._lanes.now)
        if not due:
            return
        self._signs.begin()
        self._credit.earn(due * self._settings.learn.count, self._lanes.active)
        update = 0
        while True:
            wanted = self._decider.wanted()
            lanes = self._lanes.active & self._credit.can_pay(wanted.rows)
            if self._ragged:
                lanes &= self._buffer.stored() >= (wanted.rows if self._once else 1)
            if not lanes.any():
                return
            self._update(wanted, lanes, update)
            update += 1

    def changes(self, ending: bool) -> list[Moment]:
        """Where B changed since the last reading, and what a controller was asked meanwhile.

        The end of every lane's decisions too where no update is to come.
        """
        if ending:
            self.end(np.ones_like(self._lanes.active))
        controls = self._decider.controls
        told = ([], []) if controls is None else controls.read()
        return [self._decisions.read(), *told]

    def end(self, lanes: Mask) -> None:
        """No update is to come in these lanes `[L]`."""
        self._decisions.end(self._learner.updates, lanes)

    def _update(self, wanted: Wanted, lanes: Mask, update: int) -> None:
        rows = wanted.rows if lanes.all() else wanted.rows * lanes
        self._learner.statistics.require_rows(rows)
        counter = draw_counter(self._lanes.env_step, update)
        self._jump(wanted, lanes)
        self._decisions.note(wanted, lanes, self._learner.updates)
        with self._signs.around_update():
            batch, error = self._learned(wanted, lanes, counter)
        if self._buffer.wants_td_error:
            self._tell(batch, error)
        self._credit.spend(wanted.rows, lanes)
        self._lanes.samples += wanted.rows * lanes
        self._lanes.epochs += wanted.rows * lanes / np.maximum(self._buffer.stored(), 1)
        self.lr = wanted.lr if lanes.all() else np.where(lanes, wanted.lr, self.lr)
        for k, own in enumerate(self._own):
            if lanes[own].any():
                self.batches[k] = batch

    def _learned(self, wanted: Wanted, lanes: Mask, counter: Rows) -> tuple[Batch, Tensor]:
        """A batch that lanes have learned from, and its δ `[L, B]`."""
        rows = wanted.rows if lanes.all() else wanted.rows * lanes
        rates, whole = self._decider.rates, self._iterations
        if whole is not None and whole.pending:
            told = None
            if lanes.all() and rates.constants is None and whole.takes(rows):
                told = whole.learn(rows, counter, wanted.lr, rates.clock)
            if told is not None:
                return told
            whole.finish()
        buffer = self._buffer
        all_rows = self._settings.batch.whole
        batch = buffer.whole() if all_rows else buffer.sample(rows, counter)
        error = self._learner.update(
            batch, lr=wanted.lr, active=lanes, env_step=rates.clock, constants=rates.constants
        )
        return batch, error

    def _jump(self, wanted: Wanted, lanes: Mask) -> None:
        """Fits the optimiser's memory where B is another than at the last update."""
        last = self._lanes.batch_size
        for how, mine in self._moments:
            jumped = mine & lanes & (last > 0) & (last != wanted.rows)
            if jumped.any():
                self._learner.jump(np.where(jumped, wanted.rows / np.maximum(last, 1), 1.0), how)

    def _tell(self, batch: Batch, error: Tensor) -> None:
        """Tells the sampler how surprising rows were; a lane that diverges tells nothing."""
        sound = torch.isfinite(error)
        row = torch.where(sound, batch.row, -1)
        self._buffer.update_priorities(row, torch.where(sound, error, 0.0))


def _moments(pack: Pack) -> list[tuple[Moments, Mask]]:
    """What becomes of the optimiser's memory at a jump, and in which lanes, unless it is kept."""
    told = [plan.moments for plan in pack.lane_plans]
    kinds = [how for how in dict.fromkeys(told) if how != "keep"]
    return [(how, np.array([own == how for own in told])) for how in kinds]
