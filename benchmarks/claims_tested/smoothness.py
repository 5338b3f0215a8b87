"""How much the loss jumps from one update to the next."""

from __future__ import annotations

import numpy as np

from benchmarks.claims_tested.claim import Claim, Outcome, judged
from benchmarks.claims_tested.verdict import Floats, Region, ratio
from benchmarks.claims_tested.warm import Setting, Warm

UPDATES = 128
SMALL, LARGE = 32, 512  # rows


def measure(setting: Setting) -> Outcome:
    """SD of the batch loss at 512 rows over that at 32, over as many updates at the same lr."""
    updates = setting.times(UPDATES, least=8)
    small, large = (jumps(setting.warm, size, updates) for size in (SMALL, LARGE))
    found = ratio(large, small, "smoother")
    expected = f"independent rows alone: {(SMALL / LARGE) ** 0.5:.3g}"
    what = f"SD of the loss between updates, {LARGE} / {SMALL}"
    return Outcome([judged(what, found, Region(high=1.0), expected)])


def jumps(warm: Warm, size: int, updates: int) -> Floats:
    """SD of one update's loss about its trend, `[L]`: that of first differences over √2."""
    learner = warm.restored()
    losses = []
    for k in range(updates):
        learner.update(warm.draw(size, k))
        losses.append([told["loss"] for told in learner.meters.read()])
    steps = np.diff(np.array(losses), axis=0)
    spread: Floats = steps.std(0, ddof=1) / np.sqrt(2.0)
    return spread


SMOOTHER = Claim(
    says="large batches have a smoother loss",
    source="any textbook",
    holds_where="the interval of the ratio of SDs lies below 1",
    measure=measure,
)
