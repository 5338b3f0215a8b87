"""What every curve must be, and what is made from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rlbatch.compare import stability
from rlbatch.errors import ConfigError, DataError

STEPS = [10, 20, 30]
PER_CURVE = [
    stability.dispersion_across_time,
    stability.short_term_risk,
    stability.long_term_risk,
]


def across(metric: Callable[..., Any]) -> Callable[..., Any]:
    return lambda scores, steps, **options: metric(scores, steps, period=None, **options)


ALL = [
    *PER_CURVE,
    across(stability.dispersion_across_runs),
    across(stability.risk_across_runs),
]


def test_differences_are_slopes_per_env_step() -> None:
    assert stability.differences(np.array([1.0, 5.0, 2.0]), np.array([10, 12, 22])).tolist() == [
        2.0,
        -0.3,
    ]


def test_the_drawdown_is_the_distance_below_the_best_so_far() -> None:
    assert stability.drawdown(np.array([3.0, 1.0, 4.0, 4.0, 0.5])).tolist() == [0, 2, 0, 0, 3.5]


def test_the_curve_range_is_p95_less_the_start() -> None:
    rising, falling = np.arange(21.0), np.arange(0.0, -21.0, -1.0)
    assert stability.curve_range([rising, falling, falling * 0]).tolist() == [19.0, -1.0, 0.0]


@pytest.mark.parametrize("metric", ALL)
def test_nan_is_refused_with_the_index_of_its_seed(metric: Callable[..., Any]) -> None:
    scores = np.ones((4, 3))
    scores[2, 1] = np.nan
    with pytest.raises(DataError, match="got nan at seed 2, evaluation 1"):
        metric(scores, STEPS, scale=1.0)


@pytest.mark.parametrize("metric", ALL)
def test_one_evaluation_is_refused(metric: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="at least 2 evaluations, got 1"):
        metric(np.ones((4, 1)), [10], scale=1.0)


@pytest.mark.parametrize("metric", ALL)
def test_two_evaluations_are_enough(metric: Callable[..., Any]) -> None:
    assert np.isfinite(metric(np.ones((4, 2)), [10, 20], scale=1.0)).all()


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("scale", [None, 0.0, -1.0, np.nan])
def test_a_scale_that_is_no_positive_number_is_refused(
    metric: Callable[..., Any], scale: float | None
) -> None:
    with pytest.raises(ConfigError, match=r"scale: expected a return above 0"):
        metric(np.ones((4, 3)), STEPS, scale=scale)


@pytest.mark.parametrize("metric", ALL)
def test_a_scale_beside_the_published_normaliser_is_refused(metric: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match="expected none with compat='google'"):
        metric(np.ones((4, 3)), STEPS, scale=1.0, compat="google")


@pytest.mark.parametrize("metric", ALL)
def test_a_flat_curve_is_nan_where_the_published_code_divides_by_its_range(
    metric: Callable[..., Any],
) -> None:
    assert np.isnan(metric(np.ones((4, 3)), STEPS, compat="google")).all()


@pytest.mark.parametrize("steps", [[10, 20, 20], [30, 20, 10], [[10, 20, 30]]])
def test_steps_that_do_not_increase_are_refused(steps: Any) -> None:
    with pytest.raises(DataError, match="strictly increasing steps"):
        stability.short_term_risk(np.ones((4, 3)), steps, scale=1.0)


def test_scores_that_do_not_fit_the_steps_are_refused() -> None:
    with pytest.raises(DataError, match=r"expected scores \[..., 3\], one per step, got shape"):
        stability.short_term_risk(np.ones((3, 4)), STEPS, scale=1.0)
