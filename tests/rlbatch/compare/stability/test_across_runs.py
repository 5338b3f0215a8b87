"""DR and RR by pencil, and that resampled runs cost no second filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.stability import (
    dispersion_across_runs,
    lowpass,
    lowpassed_dispersion,
    lowpassed_risk,
    risk_across_runs,
)
from rlbatch.errors import ConfigError, DataError

STEPS = [100, 200, 300]
SCORES = [[0.0, 10.0, 20.0], [0.0, 20.0, 20.0], [0.0, 30.0, 60.0], [0.0, 40.0, 20.0]]
PAIRS = [(dispersion_across_runs, lowpassed_dispersion), (risk_across_runs, lowpassed_risk)]
METRICS = [pair[0] for pair in PAIRS]
FAST = [pair[1] for pair in PAIRS]
GROUPS = st.lists(st.tuples(*[st.integers(-500, 500)] * 3), min_size=2, max_size=12)


def test_dispersion_is_the_mean_interquartile_range_over_runs() -> None:
    # 0, then 32.5 − 17.5, then 30 − 20
    found = dispersion_across_runs(SCORES, STEPS, scale=100.0, period=None)
    assert found == pytest.approx((0 + 15 + 10) / 3 / 100, rel=1e-12)


def test_risk_is_the_mean_over_points_of_the_worst_runs() -> None:
    found = risk_across_runs(SCORES, STEPS, scale=100.0, period=None)
    assert found == pytest.approx((0 + 10 + 20) / 3 / 100, rel=1e-12)


def test_a_wider_tail_holds_more_runs() -> None:
    found = risk_across_runs(SCORES, STEPS, scale=1.0, period=None, points=[200], alpha=0.5)
    assert found == (10 + 20) / 2  # P50 = 25


def test_points_choose_the_evaluations() -> None:
    found = dispersion_across_runs(SCORES, STEPS, scale=1.0, period=None, points=[300, 200])
    assert found == (10 + 15) / 2


@pytest.mark.parametrize("metric", METRICS)
def test_a_point_between_evaluations_is_refused(metric: Callable[..., Any]) -> None:
    for point in (250, 400):
        with pytest.raises(DataError, match=f"steps of evaluations, got {point}"):
            metric(SCORES, STEPS, scale=1.0, period=None, points=[200, point])


@pytest.mark.parametrize("metric", METRICS)
def test_one_run_is_refused(metric: Callable[..., Any]) -> None:
    for scores in (SCORES[:1], SCORES[0]):
        with pytest.raises(DataError, match="at least 2 runs, got 1"):
            metric(scores, STEPS, scale=1.0, period=None)


@pytest.mark.parametrize("metric", METRICS)
def test_curves_too_short_for_the_filter_are_refused(metric: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match=r"lowpass: expected more than 9 evaluations"):
        metric(SCORES, STEPS, scale=1.0, period=300.0)


@pytest.mark.parametrize("pair", PAIRS)
def test_filtered_once_and_drawn_after_is_drawn_and_filtered(
    pair: tuple[Callable[..., Any], Callable[..., Any]],
) -> None:
    metric, fast = pair
    rng, steps = np.random.default_rng(0), np.arange(1, 61) * 10.0
    scores, drawn = rng.normal(size=(7, 60)), rng.integers(0, 7, size=(50, 7))
    smooth = lowpass(scores, steps, 100.0)
    resampled = fast(smooth[drawn], scale=2.0)
    assert resampled.shape == (50,)
    slow = [metric(scores[runs], steps, scale=2.0, period=100.0) for runs in drawn]
    np.testing.assert_allclose(resampled, slow, rtol=1e-9)


def test_swings_faster_than_the_period_do_not_count() -> None:
    steps = np.arange(1, 201) * 10.0
    wiggles = np.sin(2 * np.pi * steps / 40 + np.arange(8)[:, None])
    options: dict[str, Any] = {"scale": 1.0, "points": steps[50:150]}
    assert dispersion_across_runs(wiggles, steps, period=None, **options) > 0.5
    assert dispersion_across_runs(wiggles, steps, period=400.0, **options) < 0.05


@given(scores=GROUPS, shift=st.integers(-1000, 1000))
def test_a_shift_moves_the_risk_along_and_leaves_the_dispersion(
    scores: list[tuple[int, ...]], shift: int
) -> None:
    here, there = np.array(scores, dtype=np.float64), np.array(scores) + shift
    assert lowpassed_dispersion(there, scale=1.0) == pytest.approx(
        lowpassed_dispersion(here, scale=1.0), abs=1e-9
    )
    assert lowpassed_risk(there, scale=1.0) == pytest.approx(
        lowpassed_risk(here, scale=1.0) + shift, abs=1e-9
    )


@pytest.mark.parametrize("fast", FAST)
@given(scores=GROUPS, factor=st.sampled_from([0.1, 0.5, 3.0]))
def test_the_scale_takes_a_factor_back(
    fast: Callable[..., Any], scores: list[tuple[int, ...]], factor: float
) -> None:
    array = np.array(scores, dtype=np.float64)
    assert fast(factor * array, scale=factor) == pytest.approx(fast(array, scale=1.0), abs=1e-9)


@given(runs=st.integers(2, 30), value=st.floats(-1000, 1000))
def test_runs_that_are_all_alike_have_no_dispersion(runs: int, value: float) -> None:
    assert lowpassed_dispersion(np.full((runs, 3), value), scale=1.0) == 0.0


@pytest.mark.parametrize("fast", FAST)
def test_low_passed_curves_are_checked_too(fast: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="got nan at seed 1, evaluation 0"):
        fast([[1.0, 2.0], [np.nan, 2.0]], scale=1.0)
    with pytest.raises(ConfigError, match="a return above 0, got 0"):
        fast(SCORES, scale=0.0)
