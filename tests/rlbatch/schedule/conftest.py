"""A signal to show to schedules: ε half way from 1 to 0, a quarter of the buffer filled."""

from __future__ import annotations

import pytest

from rlbatch.types import Signal


@pytest.fixture
def signal() -> Signal:
    return Signal(
        env_step=500,
        update=100,
        samples=12_800,
        stored=250,
        capacity=1000,
        learning=True,
        exploration=0.5,
        exploration_start=1.0,
        exploration_end=0.0,
        exploration_slope=-0.001,
        batch_size=0,
        meters={},
    )
