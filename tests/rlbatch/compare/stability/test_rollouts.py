"""DF and RF by pencil, with returns of either sign."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.stability import dispersion_across_rollouts, risk_across_rollouts
from rlbatch.errors import ConfigError, DataError

METRICS = [dispersion_across_rollouts, risk_across_rollouts]
RETURNS = [100.0, 500.0, 200.0, 300.0, 400.0]  # quartiles 200, 300, 400


def test_dispersion_is_the_interquartile_range_over_the_median() -> None:
    assert dispersion_across_rollouts(RETURNS) == pytest.approx(200 / 300, rel=1e-12)


def test_risk_is_the_lower_tail_over_the_median() -> None:
    assert risk_across_rollouts(RETURNS) == pytest.approx(100 / 300, rel=1e-12)
    assert risk_across_rollouts(RETURNS, alpha=0.3) == pytest.approx(150 / 300, rel=1e-12)


def test_negative_returns_keep_the_worst_rollouts_the_worst() -> None:
    acrobot = [-80.0, -80.0, -90.0, -100.0, -500.0]
    assert dispersion_across_rollouts(acrobot) == pytest.approx(20 / 90, rel=1e-12)
    assert risk_across_rollouts(acrobot) == pytest.approx(-500 / 90, rel=1e-12)
    assert risk_across_rollouts(acrobot, compat="google") == pytest.approx(80 / 90, rel=1e-12)
    assert dispersion_across_rollouts(acrobot, compat="google") < 0


def test_a_constant_may_stand_in_for_the_median() -> None:
    assert dispersion_across_rollouts(RETURNS, scale=1000.0) == pytest.approx(0.2, rel=1e-12)
    assert risk_across_rollouts(RETURNS, scale=1000.0) == pytest.approx(0.1, rel=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_each_policy_has_its_own_median(metric: Callable[..., Any]) -> None:
    policies = np.random.default_rng(0).uniform(1, 2, size=(2, 3, 9))
    found = metric(policies)
    assert found.shape == (2, 3)
    assert found[1, 2] == pytest.approx(metric(policies[1, 2]), rel=1e-12)


@pytest.mark.parametrize("metric", METRICS)
@given(
    returns=st.lists(st.integers(1, 500), min_size=2, max_size=30),
    factor=st.sampled_from([0.1, 0.5, 3.0]),
)
def test_the_unit_of_the_return_does_not_matter(
    metric: Callable[..., Any], returns: list[int], factor: float
) -> None:
    assert metric(factor * np.array(returns)) == pytest.approx(metric(returns), rel=1e-9, abs=1e-9)


@given(value=st.floats(1, 500), sign=st.sampled_from([-1, 1]), size=st.integers(2, 30))
def test_rollouts_that_are_all_alike_have_no_dispersion(value: float, sign: int, size: int) -> None:
    alike = np.full(size, sign * value)
    assert dispersion_across_rollouts(alike) == 0.0
    assert risk_across_rollouts(alike) == pytest.approx(sign, rel=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_a_median_of_zero_is_refused_and_a_scale_gets_past_it(metric: Callable[..., Any]) -> None:
    returns = [[1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]]
    with pytest.raises(DataError, match=r"other than 0, got 0 at seed 1\. Give a scale"):
        metric(returns)
    assert np.isfinite(metric(returns, scale=1.0)).all()


@pytest.mark.parametrize("metric", METRICS)
def test_what_is_no_set_of_rollouts_is_refused(metric: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="at least 2 rollouts, got 1"):
        metric([[3.0]])
    with pytest.raises(DataError, match="got nan at seed 1, rollout 0"):
        metric([[1.0, 2.0], [np.nan, 2.0]])
    with pytest.raises(ConfigError, match="scale: expected a return above 0, got -1"):
        metric(RETURNS, scale=-1.0)
