"""Learning rate factors on their way after a jump of B, each lane by its own rows drawn."""

from __future__ import annotations

from rlbatch.train.lanes import Lanes
from rlbatch.train.warmup import Warmup


def test_a_jump_amid_a_warmup_starts_from_where_that_had_come() -> None:
    """From 1 towards 3 in 100 rows: 2 when half way; from there back to 1 in 100 rows."""
    lanes = Lanes([3])
    warmup = Warmup(lanes, 100)
    found = []
    for drawn, wanted in ((0, 1.0), (50, 3.0), (100, 1.0), (150, 1.0), (200, 1.0), (300, 1.0)):
        lanes.samples[:] = drawn
        found += warmup.of(wanted).tolist()
    assert found == [1.0, 1.0, 2.0, 1.5, 1.0, 1.0]


def test_lanes_warm_up_each_by_their_own_rows() -> None:
    lanes = Lanes([3, 4])
    warmup = Warmup(lanes, 100)
    warmup.of(1.0)
    lanes.samples[:] = [10, 10]
    warmup.of(2.0)
    lanes.samples[:] = [60, 35]
    assert warmup.of(2.0).tolist() == [1.5, 1.25]
