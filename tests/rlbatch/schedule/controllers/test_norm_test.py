"""B grows where the gradient drowns in its noise, and never shrinks."""

from __future__ import annotations

from rlbatch.schedule.controllers import NormTest
from rlbatch.types import Signal


def told(trace: float, square: float) -> Signal:
    return Signal(0, meters={"grad_trace": trace, "grad_square": square})


def test_rows_stay_where_the_test_passes() -> None:
    assert NormTest(low=8, high=512)(told(80.0, 10.0), {}) == (8.0, {"wanted": 8.0})  # 80 / 8 = 10


def test_rows_become_what_the_test_asks_for_where_it_fails() -> None:
    assert NormTest(low=8, high=512)(told(120.0, 10.0), {})[0] == 12.0
    assert NormTest(low=8, high=512, theta=0.5, growth=9.0)(told(120.0, 10.0), {})[0] == 48.0


def test_growth_is_capped_per_decision_and_by_high() -> None:
    controller = NormTest(low=8, high=30)
    first, memory = controller(told(1000.0, 10.0), {})
    second, _ = controller(told(1000.0, 10.0), memory)
    assert [first, second] == [16.0, 30.0]


def test_a_gradient_lost_in_noise_fails_the_test() -> None:
    for square in (0.0, -1.0):
        assert NormTest(low=8, high=512, growth=1.5)(told(100.0, square), {})[0] == 12.0


def test_rows_never_shrink() -> None:
    controller = NormTest(low=8, high=512)
    assert controller(told(10.0, 10.0), {"wanted": 40.0})[0] == 40.0
