"""The learning rate by rows drawn: a warm-up from the start on, then a decay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from rlbatch.errors import require

Decay = Literal["none", "linear", "cosine", "exponential"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LrSchedule:
    """The config's `learner.lr_schedule:` block: a share of the learning rate, see `lr_share`.

    It counts rows drawn, not updates, so it asks the same of every batch size at equal rows; where
    updates are what stays fixed (`iso: updates`) a regime of larger batches is further along in it.
    `batch.warmup` is another thing, the way of the learning rate after a jump of B; both multiply.
    """

    warmup: int = 0  # rows drawn by a lane over which lr rises
    decay: Decay = "none"
    over: int | None = None  # rows drawn that the decay takes, counted from the warm-up's end
    end: float = 0.0  # share of lr at its end, and from there on

    def __post_init__(self) -> None:
        where = "lr_schedule."
        known = get_args(Decay)
        require(self.warmup >= 0, f"{where}warmup", "rows ≥ 0", self.warmup)
        require(self.decay in known, f"{where}decay", f"one of {', '.join(known)}", self.decay)
        require(0.0 <= self.end <= 1.0, f"{where}end", "a share in [0, 1]", self.end)
        if self.decay == "none":
            idle = self.over is None and self.end == 0.0
            require(
                idle, f"{where}decay", f"one of {', '.join(known[1:])} for over and end", "none"
            )
            return
        met = self.over is not None and self.over >= 1
        require(met, f"{where}over", "at least 1 row that the decay takes", self.over)
        met = self.decay != "exponential" or self.end > 0.0
        require(met, f"{where}end", "a share > 0 for exponential", self.end)


def lr_share(schedule: LrSchedule, samples: int | npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """What the learning rate is multiplied by at an update.

        rise = min(1, samples / warmup)      u = min(1, max(0, samples − warmup) / over)
        linear 1 − (1 − end) u      cosine end + (1 − end) (1 + cos πu) / 2      exponential endᵘ

    The share is rise times decay. The update's own rows count: the first of B rows gets B / warmup,
    not 0, and one that fills the warm-up, 1.

    Args:
        schedule: warm-up and decay.
        samples: rows that a lane has drawn with those of the update, of any shape.

    Returns:
        Shares in [0, 1], shaped like `samples`.
    """
    rows = np.asarray(samples, np.float64)
    rise = np.minimum(1.0, rows / schedule.warmup) if schedule.warmup else np.ones_like(rows)
    if schedule.over is None:
        return rise
    gone = np.clip((rows - schedule.warmup) / schedule.over, 0.0, 1.0)
    share: npt.NDArray[np.float64] = rise * _decayed(schedule.decay, gone, schedule.end)
    return share


def _decayed(decay: Decay, gone: npt.NDArray[np.float64], end: float) -> npt.NDArray[np.float64]:
    if decay == "exponential":
        return np.power(end, gone)
    left = 1.0 - gone if decay == "linear" else (1.0 + np.cos(np.pi * gone)) / 2.0
    return left + end * (1.0 - left)
