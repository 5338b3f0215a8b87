"""Early stopping: when a lane has gone without a new best for too long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from rlbatch.errors import require

Curve = Literal["val_td", "eval_return"]
Mask = npt.NDArray[np.bool_]  # [L]
READINGS: dict[Curve, str] = {"val_td": "log point", "eval_return": "evaluation"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The config's `stop:` block; left out, a run goes to the end of its budget.

    The best is the lowest `val_td` (logged TD error of held-out rows) or the highest
    `eval_return` (mean of an evaluation). A lane stops where `patience` readings in a row did not
    beat it; those from before its first update do not count. TD errors grow with the values, so
    `val_td` takes a patience longer than it takes the values to settle.
    """

    on: Curve
    patience: int  # readings: log points for val_td, evaluations for eval_return
    min_change: float = 0.0  # by which the best must be beaten, in the curve's own unit

    def __post_init__(self) -> None:
        known = get_args(Curve)
        require(self.on in known, "stop.on", f"one of {', '.join(known)}", repr(self.on))
        require(self.patience >= 1, "stop.patience", "at least 1 reading", self.patience)
        met = 0.0 <= self.min_change < math.inf
        require(met, "stop.min_change", "a finite number ≥ 0", self.min_change)

    @property
    def reason(self) -> str:
        """Such as "no new best eval_return for 5 evaluations"."""
        several = "s" * (self.patience > 1)
        return f"no new best {self.on} for {self.patience} {READINGS[self.on]}{several}"


class Patience:
    """What every lane still has of it; each looks at its own curve alone.

        a reading y counts as a new best where   cost(y) < best − min_change
        cost(y) = y for val_td,  −y for eval_return

    `best` stays where it is until it is beaten by more than that, so that many small steps in
    the right direction count as one.
    """

    def __init__(self, settings: Stop, lanes: int) -> None:
        self.settings = settings
        self.best = np.full(lanes, np.inf)  # [L] cost of the last new best
        self.waited = np.zeros(lanes, np.int64)  # [L] readings since then

    def read(self, readings: npt.ArrayLike) -> Mask:
        """Takes one reading a lane `[L]`; returns the lanes whose patience has run out.

        NaN is a reading that is missing: it neither counts nor makes a lane start anew.
        """
        told = np.asarray(readings, np.float64)
        cost = -told if self.settings.on == "eval_return" else told
        better = cost < self.best - self.settings.min_change
        self.best = np.where(better, cost, self.best)
        self.waited = np.where(better, 0, self.waited + ~np.isnan(told))
        return self.waited >= self.settings.patience
