"""DT, SRT and LRT by pencil, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.stability import (
    dispersion_across_time,
    long_term_risk,
    short_term_risk,
)
from rlbatch.errors import ConfigError, DataError

METRICS = [dispersion_across_time, short_term_risk, long_term_risk]
CURVES = st.lists(st.integers(-500, 500), min_size=2, max_size=40)
STEPS = [100, 200, 300, 400, 500, 600]
SCORES = [0.0, 100.0, 100.0, 400.0, 300.0, 500.0]  # per step: 1, 0, 3, −1, 2


def test_dispersion_is_the_interquartile_range_of_the_slopes() -> None:
    assert dispersion_across_time(SCORES, STEPS, scale=1.0) == 2.0 - 0.0
    assert dispersion_across_time(SCORES, STEPS, scale=500.0) == pytest.approx(2 / 500, rel=1e-12)


def test_dispersion_is_the_mean_over_trailing_windows() -> None:
    windows = [[1, 0, 3], [0, 3, -1], [3, -1, 2]]  # of 300 env steps, ending at 400, 500, 600
    expected = np.mean([np.subtract(*np.percentile(w, [75, 25])) for w in windows])
    assert expected == pytest.approx((1.5 + 2 + 2) / 3)
    assert dispersion_across_time(SCORES, STEPS, scale=1.0, window=300) == pytest.approx(expected)


def test_a_window_is_open_at_its_start_and_closed_at_its_point() -> None:
    found = dispersion_across_time(SCORES, STEPS, scale=1.0, window=200, points=[400])
    assert found == 2.25 - 0.75  # of 0 and 3; the slope dated 200 is out, that of 400 in


def test_a_window_reaches_no_further_than_the_start_of_the_curve() -> None:
    found = dispersion_across_time(SCORES, STEPS, scale=1.0, window=1000, points=[300])
    assert found == 0.75 - 0.25  # of 1 and 0


def test_windows_are_the_same_in_shares_of_the_budget() -> None:
    in_steps = dispersion_across_time(SCORES, STEPS, scale=1.0, window=300)
    shares = np.array(STEPS) / 600
    in_shares = dispersion_across_time(SCORES, shares, scale=1.0, window=0.5)
    assert in_shares == pytest.approx(600 * in_steps, rel=1e-12)


def test_a_window_that_just_fits_is_not_lost_to_rounding() -> None:
    found = dispersion_across_time([0, 1, 3], [0.1, 0.2, 0.3], scale=1.0, window=0.2)
    assert found == pytest.approx(17.5 - 12.5)  # 0.1 + 0.2 exceeds 0.3


def test_a_steady_climb_has_no_dispersion_however_unevenly_it_is_evaluated() -> None:
    steps = np.array([1.0, 2, 5, 11, 12, 20])
    assert dispersion_across_time(3 * steps, steps, scale=1.0) == 0.0


def test_a_window_with_one_difference_is_refused() -> None:
    with pytest.raises(DataError, match=r"at least 2 differences in the window that ends at 200"):
        dispersion_across_time(SCORES, STEPS, scale=1.0, window=100)


def test_a_window_longer_than_the_curve_is_refused() -> None:
    with pytest.raises(DataError, match=r"a window that fits into the curve \(500 env steps\)"):
        dispersion_across_time(SCORES, STEPS, scale=1.0, window=501)


def test_a_window_of_no_length_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"window: expected env steps above 0, got 0"):
        dispersion_across_time(SCORES, STEPS, scale=1.0, window=0)


def test_short_term_risk_is_the_mean_of_the_worst_slopes() -> None:
    assert short_term_risk(SCORES, STEPS, scale=1.0) == -1.0
    assert short_term_risk(SCORES, STEPS, scale=1.0, alpha=0.3) == (-1 + 0) / 2  # P30 = 0.2


def test_long_term_risk_is_the_mean_of_the_largest_drawdowns() -> None:
    steps, scores = range(1, 22), np.full(21, 100.0)
    scores[:2], scores[10], scores[20] = 0.0, 60.0, 20.0  # drawdowns 40 and 80, else 0
    assert long_term_risk(scores, steps, scale=100.0) == pytest.approx((0.8 + 0.4) / 2)
    assert long_term_risk(scores, steps, compat="google") == 0.0


def test_a_collapsed_run_is_riskier_than_a_steady_one() -> None:
    steady, collapsed = [0, 300, 400, 500, 500, 500], [0, 300, 400, 500, 50, 50]
    assert long_term_risk([steady, collapsed], STEPS, scale=500.0).tolist() == [0.0, 0.9]


@pytest.mark.parametrize("metric", METRICS)
@given(scores=CURVES, shift=st.integers(-1000, 1000))
def test_a_shift_changes_nothing(metric: Callable[..., Any], scores: list[int], shift: int) -> None:
    steps = np.arange(1, len(scores) + 1)
    there = metric(np.array(scores) + shift, steps, scale=1.0)
    assert there == metric(scores, steps, scale=1.0)


@pytest.mark.parametrize("metric", METRICS)
@given(scores=CURVES, factor=st.sampled_from([0.1, 0.5, 3.0]))
def test_twice_the_curve_is_twice_the_number_and_the_scale_takes_it_back(
    metric: Callable[..., Any], scores: list[int], factor: float
) -> None:
    steps, array = np.arange(1, len(scores) + 1), np.array(scores, dtype=np.float64)
    one = metric(array, steps, scale=1.0)
    assert metric(factor * array, steps, scale=1.0) == pytest.approx(factor * one, abs=1e-9)
    assert metric(factor * array, steps, scale=factor) == pytest.approx(one, abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
@given(value=st.floats(-1e6, 1e6), size=st.integers(2, 30))
def test_a_constant_curve_has_neither_dispersion_nor_risk(
    metric: Callable[..., Any], value: float, size: int
) -> None:
    assert metric(np.full(size, value), np.arange(1, size + 1), scale=500.0) == 0.0


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("compat", [None, "google"])
def test_many_curves_at_once_are_each_curve_alone(
    metric: Callable[..., Any], compat: str | None
) -> None:
    scores = np.random.default_rng(0).normal(size=(2, 3, 30))
    options = {"compat": compat, "scale": None if compat else 2.0}
    together = metric(scores, np.arange(1, 31), **options)
    assert together.shape == (2, 3)
    alone = [[metric(run, np.arange(1, 31), **options) for run in runs] for runs in scores]
    np.testing.assert_allclose(together, alone, rtol=1e-12)
