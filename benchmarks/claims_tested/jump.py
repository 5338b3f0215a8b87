"""A jump to very large batches, with and without a warm-up of the learning rate."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from benchmarks.claims_tested.claim import Claim, Outcome, Part, judged
from benchmarks.claims_tested.learning_rate import SGD_LR
from benchmarks.claims_tested.verdict import Floats, Region, ratio
from benchmarks.claims_tested.warm import Setting, Warm
from rlbatch.learner import LearnerSettings, SGDSettings
from rlbatch.schedule import Coupling, lr_factor, warmed

SMALL, LARGE, REFERENCE = 32, 2048, 128  # rows
BEFORE, AFTER = 64, 32  # updates on either side of the jump
WARMUP = 16 * LARGE  # rows
HIGHER = 1.1  # a peak that is less than a tenth higher does not need a remedy


class Course(NamedTuple):
    """What the TD loss did after the jump, `[L]`."""

    start: Floats  # at the jump
    peak: Floats  # the most afterwards, `start` included
    diverged: int  # lanes


def measure(setting: Setting) -> Outcome:
    """Peak TD loss without a warm-up over that with one, for the rule of each optimiser."""
    adam = setting.warm.settings
    sgd = dataclasses.replace(adam, optimizer=SGDSettings(), lr=SGD_LR)
    return Outcome(
        [
            _part(setting, "Adam, √B", None, "sqrt"),
            _part(setting, "SGD, linear", sgd, "linear"),
        ]
    )


def _part(setting: Setting, name: str, own: LearnerSettings | None, rule: Coupling) -> Part:
    after = setting.times(AFTER, least=4)
    at_once, slowly = (jump(setting.warm, own, rule, w, after) for w in (0, WARMUP))
    found = ratio(at_once.peak, slowly.peak, "warmup", name)
    rise = ratio(at_once.peak, at_once.start, "rise", name).value
    remark = (
        f"peak ×{rise:.3g} of the loss at the jump without; "
        f"diverged {at_once.diverged} without, {slowly.diverged} with"
    )
    return judged(f"{name}: peak TD loss, without / with", found, Region(low=HIGHER), remark)


def jump(
    warm: Warm, own: LearnerSettings | None, rule: Coupling, length: int, after: int
) -> Course:
    """Small batches, then large ones, the learning rate by `rule` and warmed over `length` rows."""
    learner = warm.restored(own)
    lr = (warm.settings if own is None else own).lr
    low, high = (lr_factor(rule, rows, REFERENCE) for rows in (SMALL, LARGE))
    for k in range(BEFORE):
        learner.update(warm.draw(SMALL, k), lr=lr * low)
    losses = [warm.td_loss(learner)]
    for k in range(after):
        factor = warmed(low, high, k * LARGE, length)
        learner.update(warm.draw(LARGE, BEFORE + k), lr=lr * factor)
        losses.append(warm.td_loss(learner))
    return Course(losses[0], np.max(losses, axis=0), int(learner.diverged.sum()))


NEEDS_WARMUP = Claim(
    says="a jump to very large batches with their scaled learning rate needs a warm-up",
    source="Goyal et al. 2017",
    holds_where="the interval of the ratio of peaks lies above 1.1, for each optimiser's own rule",
    measure=measure,
)
