"""Ramps by pencil, and what holds for every ramp."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rlbatch.errors import ConfigError
from rlbatch.schedule import Geometric, Linear
from rlbatch.types import Signal

ROWS = st.integers(1, 100_000)
RAMPS = [Linear, Geometric]


def test_linear_goes_by_equal_amounts(signal: Signal) -> None:
    ramp = Linear(start=100, stop=300, begin=10, end=20)
    sizes = [ramp(signal._replace(env_step=t)) for t in (0, 10, 12, 15, 20, 99)]
    assert sizes == [100.0, 100.0, 140.0, 200.0, 300.0, 300.0]


def test_linear_goes_down_as_well(signal: Signal) -> None:
    ramp = Linear(start=300, stop=100, end=100)
    assert [ramp(signal._replace(env_step=t)) for t in (0, 25, 100)] == [300.0, 250.0, 100.0]


def test_geometric_goes_by_equal_factors(signal: Signal) -> None:
    ramp = Geometric(start=32, stop=512, begin=100, end=500)
    sizes = [ramp(signal._replace(env_step=t)) for t in (0, 100, 200, 300, 400, 500, 999)]
    assert sizes == pytest.approx([32, 32, 64, 128, 256, 512, 512], rel=1e-12)


def test_geometric_goes_down_as_well(signal: Signal) -> None:
    ramp = Geometric(start=512, stop=32, end=400)
    sizes = [ramp(signal._replace(env_step=t)) for t in (0, 100, 300, 400)]
    assert sizes == pytest.approx([512, 256, 64, 32], rel=1e-12)


def test_geometric_ends_at_its_stop_exactly_and_not_a_hair_below(signal: Signal) -> None:
    ramp = Geometric(start=49, stop=1, end=10)  # 49 · (1 / 49) < 1 in floats
    assert ramp(signal._replace(env_step=10)) == 1.0


@pytest.mark.parametrize("kind", RAMPS)
@given(start=ROWS, stop=ROWS, begin=st.integers(0, 50), length=st.integers(1, 50))
def test_a_ramp_moves_one_way_between_its_ends_and_reaches_both(
    kind: type[Linear] | type[Geometric], start: int, stop: int, begin: int, length: int
) -> None:
    assume(start != stop)
    ramp = kind(start=start, stop=stop, begin=begin, end=begin + length)
    sizes = [ramp(at(t)) for t in range(begin + length + 2)]
    assert sizes == sorted(sizes, reverse=start > stop)
    assert (sizes[0], sizes[-1]) == (start, stop)
    assert ramp.largest == max(start, stop)


@pytest.mark.parametrize("kind", RAMPS)
@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"start": 0}, r"start: expected at least 1 row, got 0\."),
        ({"stop": -8}, r"stop: expected at least 1 row, got -8\."),
        ({"stop": 8}, r"stop: expected other than start \(8\), got 8\. For one size use kind: fix"),
        ({"begin": -1}, r"begin: expected an env step ≥ 0, got -1\."),
        ({"begin": 9}, r"end: expected after begin \(9\), got 9\."),
    ],
)
def test_a_ramp_that_goes_nowhere_is_refused(
    kind: type[Linear] | type[Geometric], setting: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{kind.__name__.lower()}.{message}"):
        kind(**{"start": 8, "stop": 16, "end": 9, **setting})


def at(env_step: int) -> Signal:
    return Signal(env_step, 0, 0, 0, 0, True, 1.0, 1.0, 0.0, 0.0, 0, {})
