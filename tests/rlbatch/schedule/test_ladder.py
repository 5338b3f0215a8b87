"""From the wanted size to a rung."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import ConfigError
from rlbatch.schedule import Ladder

WANTED = st.floats(1.0, 1e6)
RUNGS = st.integers(0, 20).map(lambda power: 2**power)


@pytest.mark.parametrize(
    ("wanted", "rung"),
    [
        (1.0, 1),
        (1.4, 1),
        (1.5, 2),
        (90.0, 64),
        (91.0, 128),
        (128.0, 128),
        (181.0, 128),
        (182.0, 256),
    ],
)
def test_the_nearest_power_of_two_is_nearest_in_log_2(wanted: float, rung: int) -> None:
    assert Ladder()(wanted) == rung  # 64 · √2 = 90.5, 128 · √2 = 181.02


@given(WANTED)
def test_no_rung_is_nearer_than_the_one_chosen(wanted: float) -> None:
    chosen = Ladder()(wanted)
    gaps = {2**power: abs(math.log2(wanted) - power) for power in range(22)}
    assert chosen in gaps
    assert gaps[chosen] <= min(gaps.values()) + 1e-12


@given(WANTED, RUNGS, st.floats(0.0, 0.49))
def test_it_stays_within_half_a_rung_and_the_hysteresis_and_leaves_beyond(
    wanted: float, current: int, hysteresis: float
) -> None:
    ladder = Ladder(hysteresis=hysteresis)
    away = abs(math.log2(wanted / current)) - (0.5 + hysteresis)
    if abs(away) > 1e-9:
        assert ladder(wanted, current) == (current if away < 0.0 else ladder(wanted))


def test_hysteresis_keeps_a_noisy_signal_from_fluttering() -> None:
    ladder, noisy = Ladder(hysteresis=0.1), [89.0, 92.0, 89.0, 96.0, 100.0, 92.0, 89.0, 80.0]
    used = [64]
    for wanted in noisy:  # up beyond 64 · 2^0.6 = 97.0, down below 128 · 2^−0.6 = 84.4
        used.append(ladder(wanted, used[-1]))
    assert used[1:] == [64, 64, 64, 64, 128, 128, 128, 64]


def test_without_hysteresis_it_turns_at_the_midpoint() -> None:
    ladder = Ladder(hysteresis=0.0)
    assert [ladder(wanted, 64) for wanted in (90.0, 91.0)] == [64, 128]


def test_it_climbs_many_rungs_at_once() -> None:
    assert Ladder()(1024.0, 8) == 1024


@given(WANTED, st.integers(0, 1000))
def test_exact_is_the_nearest_integer_whatever_was_used_last(wanted: float, current: int) -> None:
    rows = Ladder(kind="exact")(wanted, current)
    assert type(rows) is int
    assert abs(rows - wanted) <= 0.5


@pytest.mark.parametrize("wanted", [0.99, 0.0, -32.0, math.nan, math.inf])
@pytest.mark.parametrize("ladder", [Ladder(), Ladder(kind="exact")])
def test_a_size_below_one_row_or_not_finite_is_refused(ladder: Ladder, wanted: float) -> None:
    message = r"^batch size: expected a finite number of at least 1 row, got "
    with pytest.raises(ConfigError, match=message):
        ladder(wanted, 1)


@pytest.mark.parametrize("hysteresis", [-0.1, 0.5, math.nan])
def test_a_hysteresis_outside_its_range_is_refused(hysteresis: float) -> None:
    with pytest.raises(ConfigError, match=r"^ladder\.hysteresis: expected a number in \[0, 0\.5\)"):
        Ladder(hysteresis=hysteresis)


@pytest.mark.parametrize(
    ("low", "high", "rungs"),
    [
        (1, 1, (1, 1)),
        (8, 64, (8, 64)),
        (5, 100, (8, 64)),
        (9, 16, (16, 16)),
        (33, 127, (64, 64)),
        (1, 3, (1, 2)),
    ],
)
def test_the_rungs_of_bounds_are_the_powers_of_two_at_either_end_within(
    low: int, high: int, rungs: tuple[int, int]
) -> None:
    assert Ladder().rungs(low, high) == rungs


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_no_power_of_two_within_the_bounds_lies_beyond_its_rungs(low: int, more: int) -> None:
    inside = [2**n for n in range(22) if low <= 2**n <= low + more]
    if inside:
        assert Ladder().rungs(low, low + more) == (inside[0], inside[-1])
    else:
        with pytest.raises(ConfigError, match="a power of two within the bounds"):
            Ladder().rungs(low, low + more)


def test_exact_bounds_are_rungs_as_they_are() -> None:
    assert Ladder(kind="exact").rungs(5, 7) == (5, 7)


def test_bounds_without_a_power_of_two_are_refused_with_a_way_out() -> None:
    message = (
        r"^batch\.ladder: expected a power of two within the bounds, got \[33, 63\]\. "
        r"Widen the bounds, or use ladder: \{kind: exact\}\.$"
    )
    with pytest.raises(ConfigError, match=message):
        Ladder().rungs(33, 63)
