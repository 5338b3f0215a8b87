"""Is a run long enough to pay for compiling its updates?"""

from __future__ import annotations

from rlbatch.schedule import Ladder
from rlbatch.train.settings import TrainSettings
from rlbatch.types import Signal

POINTS = 64  # of a run, at which its batch size is asked for
PER_RUNG = 40_000  # updates of one lane: at 0.2 ms won they pay for 8 s of compiling


def compiling_pays(settings: TrainSettings) -> bool:
    """Do the updates of all lanes save more time than compiling a program per rung takes?

    Measured for multi-layer perceptrons of about a hundred units; larger networks are the more
    multiplication the less there is to save, so they take longer runs.
    """
    learn = settings.learn
    due = (settings.env_steps - learn.start) // learn.every * learn.count
    return due * len(settings.lane_seeds) >= PER_RUNG * rungs(settings)


def rungs(settings: TrainSettings) -> int:
    """About how many batch sizes a run will see."""
    plan = settings.batch
    if plan.whole:
        return settings.env_steps  # ever another
    if plan.closed:
        return len(plan.rungs())
    assert isinstance(plan.ladder, Ladder)
    exploration, budget = settings.exploration, settings.env_steps
    sizes = set()
    for point in range(POINTS):
        now = settings.learn.start + point * (budget - settings.learn.start) // POINTS
        sizes.add(
            plan.rows(
                Signal(
                    env_step=now,
                    exploration=exploration.rate(now, budget),
                    exploration_start=exploration.start,
                    exploration_end=exploration.end,
                )
            )
        )
    return len(sizes)
