"""How far a run goes before it is frozen."""

from __future__ import annotations

import pytest

from rlbatch.probe.warm import first_part
from rlbatch.train import Learn, TrainSettings


@pytest.mark.parametrize(
    ("env_steps", "learn", "expected"),
    [
        (250_000, Learn(start=2000, every=16), 12_500),  # 5 %
        (50_000, Learn(start=2000, every=16), 2000 + 256 * 16),  # 256 updates
        (50_000, Learn(start=2000, every=16, count=100), 2500),  # three times 100 come earlier
        (1000, Learn(start=990), 1000),  # the run has no more
    ],
)
def test_it_is_5_percent_of_the_run_or_256_updates(
    env_steps: int, learn: Learn, expected: int
) -> None:
    assert first_part(TrainSettings(env_steps=env_steps, learn=learn)) == expected
