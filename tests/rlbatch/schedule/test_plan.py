"""Schedule, ladder and coupling together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import ConfigError
from rlbatch.schedule import (
    BatchPlan,
    Coupling,
    Decision,
    Epsilon,
    Fixed,
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
        r"^batch\.coupling: expected a rule for lr_follows, got none\. Say linear, sqrt or inv"
    )
    with pytest.raises(ConfigError, match=message):
        BatchPlan(lr_follows=Fixed(rows=32))
