"""Which learning rate learns most from the same rows, at each batch size."""

from __future__ import annotations

import dataclasses
from functools import partial

import numpy as np

from benchmarks.claims_tested.claim import Claim, Outcome, judged
from benchmarks.claims_tested.verdict import Exponent, Floats, mean
from benchmarks.claims_tested.warm import Setting, Warm
from rlbatch.learner import LearnerSettings, SGDSettings

SIZES = (16, 64, 256, 1024)
ROWS = 8192  # a lane and arm
MULTIPLES = tuple(2.0**k for k in range(-5, 6))  # wide, since the ends of a grid flatten a slope
SGD_LR = 2e-5  # the middle of the grid, at every B; chosen on seeds from 31,000 on


def measure(optimizer: str, setting: Setting) -> Outcome:
    """The slope of log₂ (best lr) on log₂ B, lane by lane."""
    warm = setting.warm
    settings, rule = RULES[optimizer](warm.settings)
    rows = setting.times(ROWS, least=1024)
    losses = np.array(
        [[end(warm, settings, size, rows, own) for own in MULTIPLES] for size in SIZES]
    )  # [sizes, multiples, L]
    best = losses.argmin(1)  # [sizes, L]
    slopes = np.polyfit(np.log2(SIZES), np.log2(MULTIPLES)[best], 1)[0]
    remark = f"best ×{told(best)} at {', '.join(map(str, SIZES))} rows; {at_ends(best)}"
    found = mean(slopes, "lr", optimizer)
    return Outcome([judged(f"{optimizer}: slope of log best lr on log B", found, rule, remark)])


def end(
    warm: Warm, settings: LearnerSettings | None, size: int, rows: int, multiple: float
) -> Floats:
    """TD loss `[L]` after so many rows in batches of `size`, at a multiple of the lr."""
    learner = warm.restored(settings)
    lr = multiple * (warm.settings if settings is None else settings).lr
    for k in range(rows // size):
        learner.update(warm.draw(size, k), lr=lr)
        if k % 64 == 63 and bool(learner.diverged.all()):
            break
    loss = warm.td_loss(learner)
    return np.where(learner.diverged.numpy(), np.finfo(np.float64).max, loss)


def told(best: np.ndarray) -> str:
    """The multiple in the middle of the lanes, at each size."""
    middle = np.exp2(np.median(np.log2(MULTIPLES)[best], axis=1))
    return ", ".join(f"{own:.3g}" for own in middle)


def at_ends(best: np.ndarray) -> str:
    """How many bests may lie beyond the grid."""
    ends = (best == 0) | (best == len(MULTIPLES) - 1)
    return f"{ends.sum()} of {best.size} at an end of the grid"


def _adam(own: LearnerSettings) -> tuple[LearnerSettings | None, Exponent]:
    return None, Exponent(expected=0.5, rivals=(0.0, 1.0))


def _sgd(own: LearnerSettings) -> tuple[LearnerSettings | None, Exponent]:
    plain = dataclasses.replace(own, optimizer=SGDSettings(), lr=SGD_LR)
    return plain, Exponent(expected=1.0, rivals=(0.0, 0.5))


RULES = {"adam": _adam, "sgd": _sgd}
LINEAR = Claim(
    says="the learning rate must follow B: linearly for SGD",
    source="Goyal et al. 2017",
    holds_where="the interval of the slope contains 1, and neither 0 nor ½",
    measure=partial(measure, "sgd"),
)
ROOT = Claim(
    says="the learning rate must follow B: by the square root for Adam",
    source="Malladi et al. 2022",
    holds_where="the interval of the slope contains ½, and neither 0 nor 1",
    measure=partial(measure, "adam"),
)
