"""Schedule, ladder and coupling together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.contract import Memory
from rlbatch.errors import ConfigError
from rlbatch.schedule import (
    BatchPlan,
    Control,
    Coupling,
    Decision,
    Epsilon,
    Fixed,
    FollowReturn,
    Geometric,
    Ladder,
    Linear,
)
from rlbatch.types import Signal


def test_the_plain_plan_is_128_rows_at_the_declared_lr(signal: Signal) -> None:
    assert BatchPlan().decide(signal) == Decision(rows=128, lr_factor=1.0)


def test_a_fixed_size_is_used_as_it_is(signal: Signal) -> None:
    plan = BatchPlan(schedule=Fixed(rows=100), coupling="linear", reference=200)
    assert plan.decide(signal) == Decision(100, 0.5)
    assert plan.largest() == 100


def test_a_moving_size_is_rounded_and_the_lr_follows_the_rows_in_use(signal: Signal) -> None:
    plan = BatchPlan(schedule=Epsilon(explore=32, exploit=512), coupling="sqrt", reference=64)
    assert plan.decide(signal) == Decision(256, 2.0)  # 272 wanted


def test_the_rows_in_use_hold_the_ladder_back(signal: Signal) -> None:
    plan = BatchPlan(schedule=Linear(start=1, stop=200, end=1000))  # 100.5 wanted at 500
    assert plan.decide(signal).rows == 128
    assert plan.decide(signal._replace(batch_size=64, env_step=480)).rows == 64  # 96.5 wanted
    assert plan.decide(signal._replace(batch_size=64)).rows == 128


def test_the_whole_buffer_is_followed_row_by_row(signal: Signal) -> None:
    plan = BatchPlan(schedule=Fixed(rows="buffer"))
    assert plan.whole
    assert plan.largest() == 0
    assert plan.decide(signal).rows == 250


def test_only_the_whole_buffer_is_whole() -> None:
    assert not BatchPlan(schedule=Fixed(rows=250)).whole
    assert not BatchPlan(schedule=Epsilon(explore=1, exploit=2)).whole


def test_the_largest_is_a_rung() -> None:
    assert BatchPlan(schedule=Epsilon(explore=500, exploit=32)).largest() == 512
    exact = BatchPlan(schedule=Epsilon(explore=500, exploit=32), ladder=Ladder(kind="exact"))
    assert exact.largest() == 500


def test_any_function_of_the_signal_is_a_schedule(signal: Signal) -> None:
    plan = BatchPlan(schedule=lambda signal: signal.stored / 4)  # 62.5 wanted
    assert plan.decide(signal).rows == 64
    assert plan.largest() == 0


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 60))
def test_every_decision_of_a_run_is_a_rung_no_larger_than_the_largest(
    start: int, stop: int, steps: int
) -> None:
    if start == stop:
        return
    plan = BatchPlan(schedule=Geometric(start=start, stop=stop, end=steps), coupling="linear")
    used = 0
    for env_step in range(steps + 2):
        now = Signal(env_step, 0, 0, 0, 0, True, 1.0, 1.0, 0.0, 0.0, used, {})
        used, factor = plan.decide(now)
        assert used.bit_count() == 1
        assert used <= plan.largest()
        assert factor == used / 128


def test_the_same_signals_give_the_same_decisions(signal: Signal) -> None:
    plan = BatchPlan(schedule=Epsilon(explore=32, exploit=512))
    signals = [signal._replace(exploration=e / 10, batch_size=64) for e in range(11)]
    forward = [plan.decide(moment) for moment in signals]
    backward = [plan.decide(moment) for moment in reversed(signals)]
    assert forward == backward[::-1]


@pytest.mark.parametrize("rows", [100, "buffer"])
def test_a_fixed_size_that_a_ladder_would_change_is_refused(rows: int) -> None:
    message = (
        rf"^batch\.ladder: expected kind: exact .+, got kind: powers with rows: {rows}\. Leave"
    )
    with pytest.raises(ConfigError, match=message):
        BatchPlan(schedule=Fixed(rows=rows), ladder=Ladder())


def test_a_fixed_power_of_two_may_have_a_ladder(signal: Signal) -> None:
    assert BatchPlan(schedule=Fixed(rows=64), ladder=Ladder()).decide(signal).rows == 64


def test_a_reference_of_no_rows_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^batch\.reference: expected at least 1 row, got 0\."):
        BatchPlan(reference=0)


@pytest.mark.parametrize(("coupling", "factor"), [("linear", 4.25), ("inverse", 4 / 17)])
def test_the_learning_rate_may_follow_other_rows_than_those_in_use(
    signal: Signal, coupling: Coupling, factor: float
) -> None:
    other = Epsilon(explore=32, exploit=512)  # 272 at this signal
    plan = BatchPlan(schedule=Fixed(rows=100), coupling=coupling, lr_follows=other, reference=64)
    rows, found = plan.decide(signal)
    assert rows == 100
    assert found == pytest.approx(factor)
    assert plan.decide(signal._replace(exploration=1.0)).rows == 100
    assert plan.decide(signal._replace(exploration=1.0)).lr_factor != pytest.approx(factor)
    assert plan.largest() == 100


def test_a_batch_may_move_while_the_learning_rate_rests(signal: Signal) -> None:
    moving = Epsilon(explore=32, exploit=512)
    plan = BatchPlan(schedule=moving, coupling="linear", lr_follows=Fixed(rows=32), reference=64)
    assert plan.decide(signal) == Decision(256, 0.5)
    assert plan.decide(signal._replace(exploration=1.0)) == Decision(32, 0.5)


def test_rows_to_follow_without_a_rule_are_refused() -> None:
    message = (
        r"^batch\.coupling: expected a rule for lr_follows, got none\. Say linear, sqrt, sde or inv"
    )
    with pytest.raises(ConfigError, match=message):
        BatchPlan(lr_follows=Fixed(rows=32))


def test_a_learning_rate_does_not_follow_a_controller() -> None:
    told: Any = following().schedule
    with pytest.raises(ConfigError, match=r"^batch\.lr_follows: expected a schedule without feed"):
        BatchPlan(lr_follows=told, coupling="sqrt")


def following(low: int = 8, high: int = 128, **plan: Any) -> BatchPlan:
    """B goes from low to high at once as the return goes from 0 to 1."""
    schedule = FollowReturn(low=low, high=high, worst=0.0, best=1.0, smoothing=0.0)
    return BatchPlan(schedule=schedule, **({"control": Control(rate=math.inf)} | plan))


def shown(told: float, batch_size: int = 0) -> Signal:
    return Signal(env_step=0, batch_size=batch_size, meters={"return": told})


def test_a_plan_is_closed_where_a_controller_decides() -> None:
    assert following().closed
    assert not following().whole
    assert not BatchPlan().closed
    assert not BatchPlan(schedule=Epsilon(explore=1, exploit=2)).closed


@pytest.mark.parametrize(
    ("bounds", "ladder", "largest", "rungs"),
    [
        ((8, 64), None, 64, (8, 16, 32, 64)),
        ((5, 100), None, 64, (8, 16, 32, 64)),
        ((5, 100), Ladder(kind="exact"), 100, (8, 16, 32, 64)),
        ((5, 7), Ladder(kind="exact"), 7, ()),
        ((1, 2), None, 2, (1, 2)),
    ],
)
def test_a_controllers_largest_and_rungs_lie_within_its_bounds(
    bounds: tuple[int, int], ladder: Ladder | None, largest: int, rungs: tuple[int, ...]
) -> None:
    plan = following(*bounds, ladder=ladder)
    assert plan.largest() == largest
    assert plan.rungs() == rungs


@given(st.integers(1, 200), st.integers(1, 200), st.lists(st.floats(-1.0, 2.0), max_size=9))
def test_every_decision_of_a_controller_is_a_rung_within_its_bounds(
    low: int, more: int, returns: list[float]
) -> None:
    if low + more < 1 << (low - 1).bit_length():
        return
    plan, memory, used = following(low, low + more), dict[str, float](), 0
    for told in returns:
        used, verdict = plan.ask(shown(told, used), memory)
        memory = dict(verdict.memory)
        assert used in plan.rungs()


def test_exact_sizes_follow_a_controller_to_the_row() -> None:
    plan = following(5, 105, ladder=Ladder(kind="exact"))
    sizes = [plan.ask(shown(told), {})[0] for told in (-1.0, 0.0, 0.333, 1.0, 2.0)]
    assert sizes == [5, 5, 38, 105, 105]


def test_a_bound_that_is_no_rung_is_not_rounded_beyond() -> None:
    plan = following(11, 90)  # 11 is nearer to 8, 90.6 would be 128
    assert [plan.ask(shown(told), {})[0] for told in (0.0, 1.0)] == [16, 64]


def test_the_rows_in_use_hold_a_controller_back() -> None:
    plan = following()  # 0.7 asks for 92 rows, 0.525 units of log₂ from 64
    assert [plan.ask(shown(0.7, used), {})[0] for used in (0, 64, 32)] == [128, 64, 128]


def test_a_controller_is_asked_again_with_what_it_remembered() -> None:
    plan = BatchPlan(
        schedule=FollowReturn(low=8, high=128, worst=0.0, best=1.0, smoothing=0.5),
        control=Control(rate=math.inf),
    )
    memory: Memory = {}
    wishes = []
    for told in (0.0, 1.0, 1.0):
        _, verdict = plan.ask(shown(told), memory)
        wishes.append(verdict.wish)
        memory = verdict.memory
    assert wishes == [8.0, 68.0, 98.0]


def test_a_lanes_plan_with_a_controller_is_the_plan() -> None:
    plan = following()
    assert plan.of_lane(3) is plan


def test_bounds_without_a_power_of_two_are_refused_unless_exact() -> None:
    with pytest.raises(ConfigError, match=r"^batch\.ladder: expected a power of two within the"):
        following(33, 63)
    assert following(33, 63, ladder=Ladder(kind="exact")).largest() == 63


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"target_lag": "rows"}, r"target_lag: expected one of declared, samples, got rows"),
        ({"moments": "forget"}, r"moments: expected one of keep, rescale, reset, got forget"),
        ({"warmup": -1}, r"warmup: expected rows ≥ 0, got -1"),
        ({"coupling": "cube"}, r"coupling: expected one of none, linear, sqrt, inverse, sde"),
    ],
)
def test_what_goes_with_b_is_refused_by_name(setting: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^batch\.{message}"):
        BatchPlan(**setting)
