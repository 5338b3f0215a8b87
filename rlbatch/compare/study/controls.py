"""Control regimes: what is changed of the regime that they are made from.

    matched    one fixed size with the source's total rows ÷ updates, so that only the mean is kept
    yoked      the source's sizes in their order, each lane those of the next lane's seed
    shuffled   the source's sizes in a random order         reversed   the last first
    random     sizes drawn from the source's, one by one    lr0        nothing is learned

Where a schedule is open loop every lane has the same trajectory, and the yoked arm is the source
again: it can tell adaptivity only where B follows the learner's own state.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rlbatch.compare.settings import Control
from rlbatch.schedule.trajectories import trajectories

ORDERS = {"yoked": "recorded", "shuffled": "shuffled", "reversed": "reversed", "random": "random"}


def overrides(control: Control, log: Path) -> dict[str, Any]:
    """Dotted keys and values that make the control out of its source's config.

    Args:
        control: which.
        log: the source run's decisions.csv; only lr0 can do without it.

    Raises:
        FileError: no such log.
    """
    if control == "lr0":
        return {"learner.lr": 0.0}
    exact = {"batch.ladder": {"kind": "exact"}}
    if control == "matched":
        mean = float(np.mean(np.concatenate(trajectories(log))))
        return exact | {"batch.schedule": {"kind": "fixed", "rows": round(mean)}}
    replayed = {"kind": "replayed", "log": str(log), "order": ORDERS[control]}
    return exact | {"batch.schedule": replayed}
