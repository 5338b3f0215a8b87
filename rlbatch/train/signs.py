"""Inner signs of a learner that do not depend on what B is: policy churn, and fresh against old.

    churn            share of the probe states whose greedy action one update changes
    td_recent_gap    mean |δ| of the newest rows − mean |δ| of rows drawn uniformly, 256 each

Policy churn: Schaul et al. 2022, https://arxiv.org/abs/2206.00730. Both are measured once between
two log points; nothing is learned from the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.train.probe import ROWS, Probe, beside
from rlbatch.types import Batch


class Signs:
    """Measures at each lane's first update after each reading.

    Args:
        learner: whose policy it is.
        buffer: what it learns from.
        probe: where churn is seen.
    """

    def __init__(self, learner: Learner, buffer: ReplayBuffer, probe: Probe) -> None:
        self._learner, self._buffer, self._probe = learner, buffer, probe
        lanes = len(learner.seeds)
        self._churn = np.full(lanes, np.nan)  # nan: not measured since the last reading
        self._waiting = np.ones(lanes, np.bool_)  # a lane that rests waits its turn
        self._gone = np.zeros(lanes, np.bool_)  # has no next update to wait for

    @property
    def ready(self) -> bool:
        """Are there states to see changes on?"""
        return self._probe.ready

    def begin(self) -> None:
        """Before updates are due: until here all regimes of a seed have acted alike."""
        self._probe.take()

    @contextmanager
    def around_update(self) -> Iterator[None]:
        """Wraps an update."""
        if not (self._waiting.any() and self._probe.ready):
            yield
            return
        before, updates = self._probe.greedy(), self._learner.updates.copy()
        yield
        changed = (self._probe.greedy() != before).float().mean(1).numpy(force=True)
        fresh = self._waiting & (self._learner.updates > updates)
        self._churn[fresh] = changed[fresh]
        self._waiting &= ~fresh

    def read(self) -> list[dict[str, float]]:
        """One dict a lane, and starts anew."""
        told: list[dict[str, float]] = [{} for _ in self._learner.seeds]
        for own, value in zip(told, self._churn.tolist(), strict=True):
            if not np.isnan(value):
                own["churn"] = value
        self._churn[:] = np.nan
        self._waiting = ~self._gone
        learned = self._learner.updates > 0
        if learned.any() and bool((self._buffer.stored() > 0).all()):
            gap = self._gap().tolist()
            for lane in np.flatnonzero(learned).tolist():
                told[lane]["td_recent_gap"] = gap[lane]
        return told

    def leave(self, lanes: npt.NDArray[np.bool_]) -> None:
        """These lanes `[L]` are out of the run."""
        self._gone |= lanes
        self._waiting &= ~lanes

    def _gap(self) -> Tensor:
        uniform = self._buffer.peek(ROWS, beside(self._learner))
        return self._learner.td_error(self._buffer.newest(ROWS)) - self._learner.td_error(uniform)


def q_mean(learner: Learner, batch: Batch | None) -> list[dict[str, float]]:
    """Mean over a batch's own rows of max_a Q, a dict a lane; empty without a batch."""
    if batch is None:
        return [{} for _ in learner.seeds]
    best = learner.values(batch.obs).amax(-1) * (batch.row >= 0)
    means = best.sum(1) / batch.size.clamp(min=1)
    return [{"q_mean": mean} for mean in means.tolist()]
