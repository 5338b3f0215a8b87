"""B holds the relative standard error of the mean |δ|."""

from __future__ import annotations

import math
import statistics

import pytest

from rlbatch.schedule.controllers import Dispersion
from rlbatch.types import Signal


def told(mean: float, square: float) -> Signal:
    return Signal(0, meters={"td_error": mean, "td_square": square})


def test_rows_are_the_square_of_spread_over_mean_and_precision() -> None:
    # |δ| is 1 or 3: mean 2, mean square 5, spread 1, cv 1/2, and (0.5 / 0.1)² = 25
    wanted, memory = Dispersion(low=8, high=512)(told(2.0, 5.0), {})
    assert wanted == pytest.approx(25.0)
    assert memory == {}


def test_the_batch_mean_is_then_as_precise_as_was_asked() -> None:
    errors = [0.1, 0.4, 2.0, 3.5]
    mean, square = statistics.fmean(errors), statistics.fmean(e * e for e in errors)
    rows, _ = Dispersion(low=1, high=10_000, precision=0.05)(told(mean, square), {})
    assert statistics.pstdev(errors) / math.sqrt(rows) / mean == pytest.approx(0.05)


def test_the_scale_of_rewards_does_not_matter() -> None:
    controller = Dispersion(low=1, high=512)
    sizes = [controller(told(2.0 * unit, 5.0 * unit**2), {})[0] for unit in (1.0, 100.0)]
    assert sizes == pytest.approx([25.0, 25.0])


@pytest.mark.parametrize(
    ("mean", "square", "rows"),
    [(2.0, 4.0, 1.0), (2.0, 3.9, 1.0), (0.0, 0.0, 1.0), (1e-300, 1.0, 512.0)],
)
def test_equal_errors_ask_for_low_and_rare_ones_for_high(
    mean: float, square: float, rows: float
) -> None:
    assert Dispersion(low=1, high=512)(told(mean, square), {})[0] == rows
