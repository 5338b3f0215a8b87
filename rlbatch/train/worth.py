"""Is a run long enough to pay for compiling its updates?"""

from __future__ import annotations

from rlbatch.train.settings import TrainSettings
from rlbatch.types import Signal

POINTS = 64  # of a run, at which its batch size is asked for
PER_RUNG = 40_000  # updates of one lane: at 0.2 ms won they pay for 8 s of compiling


def compiling_pays(settings: TrainSettings) -> bool:
    """Do the updates of all lanes save more time than compiling a program per rung takes?

    Measured for multi-layer perceptrons of about a hundred units; larger networks are the more
    multiplication the less there is to save, so they take longer runs.
    """
    plan = settings.batch
    if plan.whole:
        return False  # ever another size
    rows = sizes(settings)
    updates: float = _due(settings, settings.env_steps)
    if settings.iso == "samples":
        updates *= plan.reference * len(rows) / sum(rows)
    return updates * len(settings.lane_seeds) >= PER_RUNG * len(set(rows))


def sizes(settings: TrainSettings) -> list[int]:
    """B at points of a run, evenly apart; of a controller, all that it may decide."""
    plan = settings.batch.of_lane(0)
    if plan.closed:
        return list(plan.rungs())
    exploration, start, budget = settings.exploration, settings.learn.start, settings.env_steps
    rows = []
    for now in (start + point * (budget - start) // POINTS for point in range(POINTS)):
        signal = Signal(
            env_step=now,
            update=_due(settings, now),
            exploration=exploration.rate(now, budget),
            exploration_start=exploration.start,
            exploration_end=exploration.end,
        )
        rows.append(plan.rows(signal))
    return rows


def _due(settings: TrainSettings, env_step: int) -> int:
    """Updates due until then."""
    learn = settings.learn
    return (env_step - learn.start) // learn.every * learn.count
