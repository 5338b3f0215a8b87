"""The TD error of rows that no sampler sees: does what was learned hold elsewhere?

    val_td    mean |δ| of up to 256 held-out rows, drawn uniformly

Beside `td_error` it tells fitting from memorising. It grows with the values themselves, so that a
rise early in a run is no harm yet. Nothing is learned from the rows.
"""

from __future__ import annotations

from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.train.probe import ROWS, beside


def val_td(learner: Learner, buffer: ReplayBuffer) -> list[dict[str, float]]:
    """A dict a lane, empty before its first update and while it holds no episode out."""
    told: list[dict[str, float]] = [{} for _ in learner.seeds]
    ready = (learner.updates > 0) & (buffer.stored(held_out=True) > 0)
    if ready.any():
        errors = learner.td_error(buffer.held_out(ROWS, beside(learner))).tolist()
        for lane in ready.nonzero()[0].tolist():
            told[lane]["val_td"] = errors[lane]
    return told
