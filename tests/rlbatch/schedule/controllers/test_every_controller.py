"""What holds for every controller: pure, within bounds, refuses bounds that cannot be meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.contract import Controller, Memory
from rlbatch.errors import ConfigError
from rlbatch.schedule import Epsilon, Fixed, controllers
from rlbatch.schedule.cyclic import Cyclic
from rlbatch.schedule.random_sizes import RandomSizes
from rlbatch.types import Signal

NEEDED: Mapping[str, dict[str, Any]] = {
    "FollowNoise": {"factor": 0.5},
    "FollowReturn": {"worst": -1.0, "best": 1.0},
    "PlateauDoubling": {"patience": 1000},
    "ReuseGuard": {"reuse": 8.0},
}
MAKERS = [getattr(controllers, name) for name in controllers.__all__]
METERS = [
    *("divergence", "noise_scale", "noise_low", "noise_high", "grad_trace", "grad_square"),
    *("td_error", "td_square", "loss", "return", "lr", "throughput_16", "throughput_32"),
]
FINITE = st.one_of(st.floats(-10.0, 10.0), st.floats(allow_nan=False, allow_infinity=False))
COUNT = st.integers(0, 10**12)
every = pytest.mark.parametrize("maker", MAKERS)


@st.composite
def signals(draw: st.DrawFn) -> Signal:
    meters = draw(st.fixed_dictionaries(dict.fromkeys(METERS, FINITE)))
    return Signal(draw(COUNT), draw(COUNT), draw(COUNT), meters=meters)


def made(maker: Any, **settings: Any) -> Any:
    return maker(**({"low": 8, "high": 64} | NEEDED.get(maker.__name__, {}) | settings))


def replayed(controller: Controller, told: list[Signal]) -> list[tuple[float, Memory]]:
    """What was wanted at each signal, and what was remembered then."""
    memory: Memory = {}
    found = []
    for signal in told:
        wanted, memory = controller(signal, memory)
        found.append((wanted, memory))
    return found


@every
@given(told=st.lists(signals(), min_size=1, max_size=6))
def test_wanted_rows_stay_within_bounds_whatever_is_told(maker: Any, told: list[Signal]) -> None:
    found = replayed(made(maker), told)
    assert all(isinstance(wanted, float) and 8.0 <= wanted <= 64.0 for wanted, _ in found)
    assert all(isinstance(value, float) for _, memory in found for value in memory.values())


@every
@given(told=st.lists(signals(), min_size=1, max_size=6))
def test_the_same_signals_give_the_same_sizes(maker: Any, told: list[Signal]) -> None:
    assert repr(replayed(made(maker), told)) == repr(replayed(made(maker), told))


@every
@given(first=signals(), second=signals())
def test_memory_goes_in_and_comes_out_anew(maker: Any, first: Signal, second: Signal) -> None:
    controller = made(maker)
    empty: dict[str, float] = {}
    _, memory = controller(first, empty)
    before = dict(memory)
    _, after = controller(second, memory)
    assert empty == {}
    assert repr(dict(memory)) == repr(before)
    assert after is not memory


@every
def test_nothing_but_the_named_signals_is_needed(maker: Any) -> None:
    controller = made(maker)
    signal = Signal(100, 10, 80, meters=dict.fromkeys(controller.signals, 0.5))
    assert len(replayed(controller, [signal, signal])) == 2
    for name in controller.signals:
        lacking = {other: 0.5 for other in controller.signals if other != name}
        with pytest.raises(KeyError, match=name):
            controller(signal._replace(meters=lacking), {})


@every
def test_it_is_a_controller_with_bounds_and_a_kind_of_its_own(maker: Any) -> None:
    controller = made(maker)
    assert (controller.low, controller.high, controller.largest) == (8, 64, 64)
    assert [other for other in MAKERS if made(other).kind == controller.kind] == [maker]
    assert isinstance(controller, Controller)


def test_open_loop_schedules_are_no_controllers() -> None:
    cyclic = Cyclic(low=8, high=64, period=100)
    sizes = RandomSizes(low=8, high=64, period=100)
    for schedule in (Fixed(), Epsilon(explore=8, exploit=64), cyclic, sizes):
        assert not isinstance(schedule, Controller)


def test_those_that_need_a_leap_of_faith_are_called_experimental() -> None:
    leaps = {maker.__name__ for maker in MAKERS if maker.experimental}
    assert leaps == {"ExcessLoss", "Goodput", "NormTest"}


@every
@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        (0, 64, r"low: expected at least 1 row, got 0\."),
        (64, 8, r"high: expected more than low \(64\), got 8\. Are the two reversed\?"),
        (8, 8, r"high: expected more than low \(8\), got 8\. For one size use kind: fixed\."),
    ],
)
def test_bounds_that_cannot_be_meant_are_refused(
    maker: Any, low: int, high: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=rf"^{made(maker).kind}\.{message}"):
        made(maker, low=low, high=high)


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("AdaptiveScaling", {"span": 0}, r"abs\.span: expected at least 1 update, got 0"),
        ("AdaptiveScaling", {"window": 0}, r"abs\.window: expected at least 1 decision, got 0"),
        ("FollowNoise", {"rule": "cube"}, r"noise_scale\.rule: expected proportional or root"),
        ("FollowNoise", {"factor": 0.0}, r"noise_scale\.factor: expected a finite number above 0"),
        ("FollowNoise", {"widest": 1.0}, r"noise_scale\.widest: expected a finite number above 1"),
        ("Dispersion", {"precision": 0.0}, r"dispersion\.precision: expected a finite number abo"),
        ("PlateauDoubling", {"patience": 0}, r"plateau\.patience: expected at least 1 row, got 0"),
        ("PlateauDoubling", {"factor": 1.0}, r"plateau\.factor: expected a finite number above 1"),
        ("PlateauDoubling", {"min_change": -0.1}, r"plateau\.min_change: expected a finite numb"),
        ("PlateauDoubling", {"smoothing": 1.0}, r"plateau\.smoothing: expected a number in \[0,"),
        ("FollowReturn", {"worst": float("nan")}, r"return\.worst: expected a finite return"),
        (
            "FollowReturn",
            {"best": -1.0},
            r"return\.best: expected more than worst \(-1\.0\), got -1",
        ),
        ("FollowReturn", {"best": -2.0}, r"return\.best: .*got -2\.0\. For B that falls .*reverse"),
        ("FollowReturn", {"smoothing": -0.1}, r"return\.smoothing: expected a number in \[0, 1\)"),
        ("ReuseGuard", {"reuse": 0.0}, r"reuse\.reuse: expected a finite number above 0, got 0"),
        ("ReuseGuard", {"within": 0}, r"reuse\.within: expected at least 1 update, got 0"),
        ("NormTest", {"theta": 0.0}, r"norm_test\.theta: expected a finite number above 0"),
        ("NormTest", {"growth": 1.0}, r"norm_test\.growth: expected a finite number above 1"),
        ("ExcessLoss", {"floor": 1.1}, r"cabs\.floor: expected a share in \[0, 1\], got 1\.1"),
        ("ExcessLoss", {"smoothing": 1.0}, r"cabs\.smoothing: expected a number in \[0, 1\)"),
        ("Goodput", {"reference": 0}, r"goodput\.reference: expected at least 1 row, got 0"),
        ("Goodput", {"low": 9, "high": 31}, r"goodput\.high: expected at least two powers of two"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_by_name(
    name: str, setting: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        made(getattr(controllers, name), **setting)
