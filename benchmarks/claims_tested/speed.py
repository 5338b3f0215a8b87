"""How long an update takes, drawing included, per row."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from benchmarks.claims_tested.claim import Claim, Outcome, judged
from benchmarks.claims_tested.verdict import Floats, Region, ratio
from benchmarks.claims_tested.warm import Setting, Warm

SIZES = (8, 32, 128, 512, 1024, 2048, 4096)
ROUNDS, MORE_ROUNDS = 15, 45  # more where a few per cent are to be told
FULL_SPEED = 0.9  # of the most rows a second: from there on a larger batch gains little
NEIGHBOURS = {127: 128, 129: 128, 511: 512, 513: 512}
FAR = 96  # a size that libraries like less than 128; shown, not judged: fewer rows cost more each
SLOWER = 1.02  # a neighbour that costs less than 2 % more is not slower in any way that matters


def measure_sizes(setting: Setting) -> Outcome:
    """Rows a second at 512 against 32, and where the gain stops."""
    took = in_turns(setting, SIZES, setting.times(ROUNDS))
    found = ratio(took[32], took[512], "faster")
    speed = {size: 1.0 / float(np.median(own)) for size, own in took.items()}
    enough = next(s for s in SIZES if speed[s] >= FULL_SPEED * max(speed.values()))
    remark = f"{speed[32]:.3g} to {speed[512]:.3g} rows/s; 90 % of the most at {enough}"
    return Outcome([judged("rows/s, 512 / 32", found, Region(low=1.0), remark)])


def measure_neighbours(setting: Setting) -> Outcome:
    """Time per row of sizes that are no powers of two, over that of the power beside them."""
    sizes = sorted({FAR, *NEIGHBOURS, *NEIGHBOURS.values()})
    took = in_turns(setting, sizes, setting.times(MORE_ROUNDS))
    parts = []
    for size, power in NEIGHBOURS.items():
        found = ratio(took[size], took[power], f"powers {size}")
        parts.append(judged(f"s/row, {size} / {power}", found, Region(low=SLOWER)))
    far = ratio(took[FAR], took[128], f"powers {FAR}").value
    return Outcome([parts[0]._replace(remark=f"{FAR} / 128: {far:.3g}"), *parts[1:]])


def in_turns(setting: Setting, sizes: Sequence[int], rounds: int) -> dict[int, Floats]:
    """Seconds per row and lane, one a round; sizes take turns, every other round backwards."""
    warm = setting.warm
    counts = {size: min(12, max(2, 2048 // size)) for size in sizes}  # updates
    for size in sizes:
        seconds_per_row(warm, size, 2)  # what is done once does not count
    took: dict[int, list[float]] = {size: [] for size in sizes}
    for turn in range(rounds):
        for size in sizes if turn % 2 else reversed(sizes):
            took[size].append(seconds_per_row(warm, size, counts[size]))
    return {size: np.array(own) for size, own in took.items()}


def seconds_per_row(warm: Warm, size: int, updates: int) -> float:
    """Of drawing and learning, all lanes together."""
    learner = warm.restored()
    began = time.perf_counter()
    for k in range(updates):
        learner.update(warm.draw(size, k))
    return (time.perf_counter() - began) / (updates * size * learner.lanes)


FASTER = Claim(
    says="large batches are faster per row",
    source="any textbook; Goyal et al. 2017",
    holds_where="the interval of rows/s at 512 over 32 lies above 1",
    measure=measure_sizes,
)
POWERS = Claim(
    says="batch sizes that are powers of two are faster",
    source="Goodfellow, Bengio and Courville 2016, section 8.1.3; folklore",
    holds_where="each neighbour's interval of time per row lies above 1.02",
    measure=measure_neighbours,
)
