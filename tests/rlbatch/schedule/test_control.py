"""Around a controller: what smoothing, deadband, rate limit and gaps make of its wishes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.contract import Controller, Memory
from rlbatch.errors import ConfigError
from rlbatch.schedule import Control, ExcessLoss, FollowNoise, Verdict, ask
from rlbatch.schedule.control import nans_in
from rlbatch.types import Signal

AT_ONCE = Control(rate=math.inf)
WISHES = st.floats(allow_nan=False, allow_infinity=True)


@dataclass(frozen=True)
class Told:
    """A controller whose wish is the signal `rows`, and which counts how often it was asked."""

    low: int = 8
    high: int = 128
    signals: ClassVar[tuple[str, ...]] = ("rows",)

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        return signal.meters["rows"], {"count": memory.get("count", 0.0) + 1.0}


def seeing(rows: float | None, samples: int = 0, **meters: float) -> Signal:
    told = meters if rows is None else {"rows": rows, **meters}
    return Signal(env_step=0, samples=samples, meters=told)


def asked(control: Control, *moments: tuple[float | None, int]) -> list[Verdict]:
    """Verdicts on wishes, each after so many rows drawn in all."""
    found, memory = [], dict[str, float]()
    for rows, samples in moments:
        found.append(ask(Told(), control, seeing(rows, samples), memory))
        memory = dict(found[-1].memory)
    return found


def sizes(control: Control, *moments: tuple[float | None, int]) -> list[float]:
    return [verdict.wanted for verdict in asked(control, *moments)]


def test_at_once_a_wish_is_what_is_wanted() -> None:
    wishes = [(64.0, 0), (8.0, 1), (100.0, 2)]
    assert sizes(AT_ONCE, *wishes) == pytest.approx([64.0, 8.0, 100.0])
    assert [verdict.wish for verdict in asked(AT_ONCE, *wishes)] == [64.0, 8.0, 100.0]


def test_a_wish_beyond_the_bounds_is_cut_to_them() -> None:
    wishes = [(1e300, 0), (0.0, 1), (128.5, 2), (-1e300, 3), (0.5, 4)]
    assert sizes(AT_ONCE, *wishes) == pytest.approx([128.0, 8.0, 128.0, 8.0, 8.0])


def test_by_default_b_moves_an_octave_a_decision() -> None:
    wishes = [(128.0, n) for n in range(6)]
    assert sizes(Control(), *wishes) == pytest.approx([16.0, 32.0, 64.0, 128.0, 128.0, 128.0])
    assert sizes(Control(rate=0.5), *wishes[:2]) == pytest.approx([8 * 2**0.5, 16.0])


def test_the_rate_holds_downwards_too() -> None:
    up, down = [(128.0, n) for n in range(4)], [(8.0, n) for n in range(4, 7)]
    assert sizes(Control(), *up, *down)[4:] == pytest.approx([64.0, 32.0, 16.0])


def test_a_wish_weighs_by_the_rows_drawn_since_the_last_decision() -> None:
    """From 8 towards 128, four octaves away: half of the way after horizon · ln 2 rows."""
    control = Control(horizon=1000.0, rate=math.inf)
    half = 1000.0 * math.log(2.0)
    found = sizes(control, (128.0, 0), (128.0, round(half)), (128.0, round(2 * half)))
    assert found == pytest.approx([8.0, 32.0, 64.0], rel=1e-3)


def test_smoothing_hangs_on_rows_and_not_on_how_often_is_asked() -> None:
    control = Control(horizon=500.0, rate=math.inf)
    often = sizes(control, *((100.0, 10 * n) for n in range(101)))
    seldom = sizes(control, *((100.0, 250 * n) for n in range(5)))
    assert often[-1] == pytest.approx(seldom[-1])
    assert often[-1] == pytest.approx(8.0 * 12.5 ** -math.expm1(-2.0))


def test_within_the_deadband_b_stays_and_beyond_it_goes_all_the_way() -> None:
    control = Control(deadband=1.0, rate=math.inf)
    wishes = [(15.9, 0), (16.0, 1), (16.1, 2), (8.1, 3), (8.0, 4)]
    assert sizes(control, *wishes) == pytest.approx([8.0, 8.0, 16.1, 16.1, 8.0])


def test_what_was_smoothed_goes_on_within_the_deadband() -> None:
    """Each decision halves what is left of two octaves; at one octave away B may go."""
    control = Control(horizon=1.0 / math.log(2.0), deadband=1.2, rate=math.inf)
    found = sizes(control, (32.0, 0), (32.0, 1), (32.0, 2), (32.0, 3))
    assert found == pytest.approx([8.0, 8.0, 8.0 * 2**1.5, 8.0 * 2**1.5])


@pytest.mark.parametrize("gap", [None, math.nan, math.inf, -math.inf])
def test_a_signal_that_is_no_number_holds_b_and_is_not_shown_to_the_controller(
    gap: float | None,
) -> None:
    found = asked(AT_ONCE, (gap, 0), (64.0, 1), (gap, 2), (32.0, 3))
    assert [verdict.wanted for verdict in found] == pytest.approx([8.0, 64.0, 64.0, 32.0])
    assert [math.isnan(verdict.wish) for verdict in found] == [True, False, True, False]
    assert found[-1].memory["controller.count"] == 2.0


def test_only_nan_is_named_and_counted() -> None:
    found = asked(AT_ONCE, (None, 0), (math.nan, 1), (math.inf, 2), (9.0, 3), (math.nan, 4))
    assert [verdict.nans for verdict in found] == [(), ("rows",), (), (), ("rows",)]
    assert [nans_in(verdict.memory) for verdict in found] == [0, 1, 1, 1, 2]


def test_a_nan_that_is_not_asked_for_does_no_harm() -> None:
    verdict = ask(Told(), AT_ONCE, seeing(64.0, other=math.nan), {})
    assert verdict.wanted == pytest.approx(64.0)
    assert verdict.nans == ()


def test_a_wish_that_is_nan_holds_b_and_what_the_controller_remembered() -> None:
    @dataclass(frozen=True)
    class Lost(Told):
        def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
            return (math.nan if memory else 64.0), {"lost": float(len(memory))}

    first = ask(Lost(), AT_ONCE, seeing(1.0), {})
    second = ask(Lost(), AT_ONCE, seeing(1.0), first.memory)
    assert second.wanted == first.wanted == pytest.approx(64.0)
    assert second.nans == ("wish",)
    assert second.memory == {**first.memory, "nans": 1.0}


def test_rows_drawn_through_a_gap_count_when_it_is_over() -> None:
    control = Control(horizon=100.0, rate=math.inf)
    with_gap = sizes(control, (128.0, 0), (math.nan, 50), (128.0, 100))
    assert with_gap[-1] == pytest.approx(sizes(control, (128.0, 0), (128.0, 100))[-1])


def test_an_upper_end_without_bound_is_a_number() -> None:
    controller = FollowNoise(low=8, high=128, factor=1.0)
    meters = {"noise_scale": 64.0, "noise_low": 32.0, "noise_high": math.inf}
    verdict = ask(controller, AT_ONCE, Signal(env_step=0, meters=meters), {})
    assert verdict.wish == 8.0
    assert "controller.wanted" in verdict.memory


def test_one_loss_that_overflows_is_not_remembered() -> None:
    controller = ExcessLoss(low=8, high=128, floor=0.0)
    memory: Memory = {}
    for loss in (math.inf, 2.0, 1.0):
        meters = {"loss": loss, "grad_trace": 32.0, "lr": 1.0}
        verdict = ask(controller, AT_ONCE, Signal(env_step=0, meters=meters), memory)
        memory = verdict.memory
    assert all(math.isfinite(value) for value in memory.values())
    assert verdict.wish == 32.0


def test_names_of_a_controller_and_of_what_is_around_it_do_not_meet() -> None:
    @dataclass(frozen=True)
    class Taking(Told):
        def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
            return memory.get("kept", 64.0), {"kept": 16.0, "smooth": 0.0, "samples": -1.0}

    first = ask(Taking(), AT_ONCE, seeing(1.0), {})
    second = ask(Taking(), AT_ONCE, seeing(1.0), first.memory)
    assert [first.wanted, second.wanted] == pytest.approx([64.0, 16.0])


@given(st.lists(WISHES, min_size=1, max_size=8), st.floats(0.01, 4.0), st.floats(0.0, 2.0))
def test_what_is_wanted_stays_within_bounds_and_moves_no_faster_than_told(
    wishes: list[float], rate: float, deadband: float
) -> None:
    control = Control(rate=rate, deadband=deadband, horizon=50.0)
    found = sizes(control, *((wish, 20 * n) for n, wish in enumerate(wishes)))
    octaves = [3.0, *(math.log2(rows) for rows in found)]
    assert all(3.0 - 1e-9 <= height <= 7.0 + 1e-9 for height in octaves)
    assert all(abs(b - a) <= rate + 1e-9 for a, b in itertools.pairwise(octaves))


@given(st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=6))
def test_the_same_signals_and_memory_give_the_same_verdict(wishes: list[float | None]) -> None:
    memory: Memory = {}
    for n, wish in enumerate(wishes):
        before = dict(memory)
        first, second = (ask(Told(), Control(), seeing(wish, n), memory) for _ in range(2))
        assert repr(first) == repr(second)
        assert dict(memory) == before
        memory = first.memory
        assert all(isinstance(value, float) for value in memory.values())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"every": 0}, "every: expected at least 1 update, got 0"),
        ({"horizon": -1.0}, "horizon: expected a finite number ≥ 0, got -1.0"),
        ({"horizon": math.inf}, "horizon: expected a finite number ≥ 0, got inf"),
        ({"deadband": math.nan}, "deadband: expected a finite number ≥ 0, got nan"),
        ({"rate": 0.0}, "rate: expected octaves > 0, got 0.0"),
        ({"rate": math.nan}, "rate: expected octaves > 0, got nan"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(
    setting: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=rf"^control\.{message}"):
        Control(**setting)


def test_what_the_tests_use_is_a_controller() -> None:
    assert isinstance(Told(), Controller)
