"""Which size is recommended, and the block that says it."""

from __future__ import annotations

import pytest
import yaml

from rlbatch.probe.recommend import Recommendation, recommended_rows


@pytest.mark.parametrize(
    ("critical", "fits", "capacity", "knee", "expected", "why"),
    [
        (256, 9999, 9999, 64, 256, "B_crit (256)"),
        (256, 100, 9999, 16, 64, "what fits (100)"),
        (256, 9999, 48, 16, 32, "replay.capacity (48)"),
        (256, 100, 9999, 96, 96, "the knee (96), which what fits (100) allows"),
        (32, 9999, 9999, 512, 32, "the knee (512) lies above"),
        (None, 9999, 9999, 8, 128, "batch.reference (128)"),
        (1, 1, 1, 1, 1, "B_crit (1)"),
    ],
)
def test_it_is_the_least_bound_down_to_a_power_of_two_or_the_knee(
    critical: int | None, fits: int, capacity: int, knee: int, expected: int, why: str
) -> None:
    rows, told = recommended_rows(critical, fits, capacity, knee, reference=128)
    assert rows == expected
    assert why in told


def test_the_block_is_yaml_that_says_just_that() -> None:
    found = Recommendation(96, "sqrt", 128, "why", exact=False, plain=False)
    told = {"schedule": {"kind": "fixed", "rows": 96}, "coupling": "sqrt", "reference": 128}
    assert yaml.safe_load(found.block()) == {"batch": told}
    full = found._replace(exact=True, plain=True).block()
    more = {"ladder": {"kind": "exact"}, "lr_follows": None}
    assert yaml.safe_load(full) == {"batch": told | more}
