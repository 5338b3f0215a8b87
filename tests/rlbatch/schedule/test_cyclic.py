"""B goes up and down again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import ConfigError
from rlbatch.schedule.cyclic import Cyclic
from rlbatch.types import Signal


def test_rows_go_by_equal_factors_up_and_down_again(signal: Signal) -> None:
    schedule = Cyclic(low=32, high=512, period=8)
    sizes = [schedule(signal._replace(update=u)) for u in range(9)]
    assert sizes == pytest.approx([32, 64, 128, 256, 512, 256, 128, 64, 32])


def test_every_period_is_like_the_first(signal: Signal) -> None:
    schedule = Cyclic(low=32, high=512, period=7)
    sizes = [schedule(signal._replace(update=u)) for u in range(21)]
    assert sizes[:7] == sizes[7:14] == sizes[14:]


def test_rounding_does_not_lead_out_of_bounds() -> None:
    schedule = Cyclic(low=815_397_973, high=815_397_974, period=139_538_412)
    assert schedule(Signal(0, 1)) == 815_397_973  # low¹⁻ˢ · highˢ is a hair less in floats


@given(st.integers(1, 1000), st.integers(1, 1000), st.integers(2, 50), st.integers(0, 10**9))
def test_rows_stay_within_bounds_and_ends_are_met(
    low: int, more: int, period: int, update: int
) -> None:
    schedule = Cyclic(low=low, high=low + more, period=2 * period)
    assert low <= schedule(Signal(0, update)) <= low + more
    assert (schedule(Signal(0, 0)), schedule(Signal(0, period))) == (low, low + more)
    assert schedule.largest == low + more


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"low": 0}, r"low: expected at least 1 row, got 0\."),
        ({"high": 4}, r"high: expected more than low \(8\), got 4\. Are the two reversed\?"),
        ({"high": 8}, r"high: expected more than low \(8\), got 8\. For one size use kind: fixed"),
        ({"period": 1}, r"period: expected at least 2 updates, got 1\."),
    ],
)
def test_a_cycle_that_cannot_be_meant_is_refused(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^cyclic\.{message}"):
        Cyclic(**{"low": 8, "high": 64, "period": 100, **setting})
