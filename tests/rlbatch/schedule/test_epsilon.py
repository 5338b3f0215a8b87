"""B follows ε."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import ConfigError
from rlbatch.schedule import Epsilon
from rlbatch.types import Signal


def test_rows_go_the_same_share_of_their_way_as_epsilon(signal: Signal) -> None:
    schedule = Epsilon(explore=32, exploit=512)
    sizes = [schedule(signal._replace(exploration=e)) for e in (1.0, 0.75, 0.5, 0.0)]
    assert sizes == [32.0, 152.0, 272.0, 512.0]


def test_rows_may_shrink_while_epsilon_falls(signal: Signal) -> None:
    schedule = Epsilon(explore=512, exploit=32)
    assert [schedule(signal._replace(exploration=e)) for e in (1.0, 0.0)] == [512.0, 32.0]


def test_epsilon_may_rise(signal: Signal) -> None:
    rising = signal._replace(exploration_start=0.1, exploration_end=0.9, exploration=0.3)
    assert Epsilon(explore=100, exploit=200)(rising) == pytest.approx(125.0)


def test_an_epsilon_beyond_its_ends_asks_for_no_more_than_the_ends(signal: Signal) -> None:
    schedule = Epsilon(explore=32, exploit=512)
    assert schedule(signal._replace(exploration=1.5)) == 32.0
    assert schedule(signal._replace(exploration=-0.5)) == 512.0


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_both_ends_are_met_exactly(explore: int, exploit: int, start: float, end: float) -> None:
    if explore == exploit or start == end:
        return
    schedule = Epsilon(explore=explore, exploit=exploit)
    ends = [Signal(0, 0, 0, 0, 0, True, e, start, end, 0.0, 0, {}) for e in (start, end)]
    assert [schedule(signal) for signal in ends] == [explore, exploit]
    assert schedule.largest == max(explore, exploit)


def test_an_epsilon_that_never_moves_is_refused(signal: Signal) -> None:
    still = signal._replace(exploration_start=0.1, exploration_end=0.1, exploration=0.1)
    message = (
        r"^epsilon schedule: expected an exploration rate that moves, got ε = 0\.1 thr.+\. Let"
    )
    with pytest.raises(ConfigError, match=message):
        Epsilon(explore=32, exploit=512)(still)


@pytest.mark.parametrize(
    ("explore", "exploit", "message"),
    [
        (0, 32, r"^epsilon\.explore: expected at least 1 row, got 0\."),
        (32, -1, r"^epsilon\.exploit: expected at least 1 row, got -1\."),
        (32, 32, r"^epsilon\.exploit: expected other than explore \(32\), got 32\. For one size"),
    ],
)
def test_rows_that_cannot_be_meant_are_refused(explore: int, exploit: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Epsilon(explore=explore, exploit=exploit)
