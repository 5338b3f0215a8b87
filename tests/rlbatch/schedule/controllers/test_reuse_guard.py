"""B holds the rows drawn per transition stored."""

from __future__ import annotations

import pytest

from rlbatch.contract import Memory
from rlbatch.schedule.controllers import ReuseGuard
from rlbatch.types import Signal


def test_the_first_decision_knows_no_rate() -> None:
    assert ReuseGuard(low=8, high=512, reuse=32.0)(Signal(1000, 0, 0), {})[0] == 8.0


def test_rows_keep_up_with_the_transitions_and_pay_what_is_owed() -> None:
    controller = ReuseGuard(low=8, high=512, reuse=32.0, within=100)
    _, memory = controller(Signal(1000, 0, 31_000), {})
    # 40 transitions in 10 updates: 32 · 4; owed 32 · 1040 − 31 280 = 2000, a hundredth of it
    assert controller(Signal(1040, 10, 31_280), memory)[0] == 148.0


def test_rows_drawn_in_advance_are_given_back() -> None:
    controller = ReuseGuard(low=8, high=512, reuse=32.0, within=100)
    _, memory = controller(Signal(1000, 0, 0), {})
    assert controller(Signal(1040, 10, 32 * 1040 + 2000), memory)[0] == 108.0


def test_a_debt_is_paid_no_faster_than_by_the_next_decision() -> None:
    controller = ReuseGuard(low=8, high=512, reuse=32.0, within=1)
    _, memory = controller(Signal(1000, 0, 0), {})
    assert controller(Signal(1040, 10, 32 * 1040 - 500), memory)[0] == 178.0


def test_the_last_size_stays_where_no_update_was_made() -> None:
    controller = ReuseGuard(low=8, high=512, reuse=32.0)
    _, memory = controller(Signal(1000, 0, 31_000), {})
    wanted, memory = controller(Signal(1040, 10, 31_280), memory)
    assert controller(Signal(1041, 10, 31_280), memory)[0] == wanted == 148.0


@pytest.mark.parametrize(("steps", "every"), [(4, 10), (1, 50), (8, 500)])
def test_reuse_comes_to_what_was_asked(steps: int, every: int) -> None:
    controller = ReuseGuard(low=1, high=100_000, reuse=16.0, within=100)
    memory: Memory = {}
    env_step, samples, rows = 1000, 0, 1
    for update in range(0, 10_000, every):
        wanted, memory = controller(Signal(env_step, update, samples), memory)
        rows = round(wanted)
        env_step, samples = env_step + steps * every, samples + rows * every
    assert samples / env_step == pytest.approx(16.0, rel=0.02)
    assert rows == pytest.approx(16 * steps, abs=1)
