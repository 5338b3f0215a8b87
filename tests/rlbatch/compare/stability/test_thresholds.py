"""Times to a threshold, of which some never come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.stability import num_reached, restricted_mean, time_to_threshold
from rlbatch.errors import ConfigError, DataError

INF = np.inf


def test_the_time_is_the_first_at_or_above_the_threshold() -> None:
    scores = [[0.0, 475.0, 100.0, 500.0], [0.0, 474.9, 0.0, 476.0]]
    assert time_to_threshold(scores, [10, 20, 30, 40], 475.0).tolist() == [20.0, 40.0]


def test_a_run_that_never_gets_there_takes_for_ever() -> None:
    assert time_to_threshold([0.0, 474.0], [10, 20], 475.0) == INF


def test_each_run_may_have_its_own_axis() -> None:
    scores, samples = [[0.0, 9.0], [9.0, 0.0]], [[10, 20], [30, 70]]
    assert time_to_threshold(scores, samples, 9.0).tolist() == [20.0, 30.0]


def test_the_restricted_mean_counts_late_and_lost_runs_as_the_horizon() -> None:
    assert restricted_mean([20.0, INF, 150.0, 80.0], 100.0) == (20 + 100 + 100 + 80) / 4
    assert restricted_mean([[1.0, INF], [3.0, 5.0]], 10.0).tolist() == [5.5, 4.0]


def test_only_runs_within_the_horizon_are_counted() -> None:
    times = [[20.0, INF, 150.0, 100.0], [INF] * 4]
    assert num_reached(times, 100.0).tolist() == [2, 0]
    assert num_reached(times).tolist() == [3, 0]


@given(st.lists(st.integers(0, 200) | st.just(INF), min_size=1, max_size=12))
def test_a_longer_horizon_never_makes_the_mean_shorter(times: list[float]) -> None:
    means = [restricted_mean(times, horizon) for horizon in (50.0, 100.0, 200.0)]
    assert means == sorted(means)
    assert all(mean <= h for mean, h in zip(means, (50.0, 100.0, 200.0), strict=True))


def test_a_time_that_is_no_number_is_refused() -> None:
    with pytest.raises(DataError, match=r"got nan at seed 1\. A run that never got there"):
        restricted_mean([1.0, np.nan], 10.0)
    with pytest.raises(DataError, match="at least 1 seed, got 0"):
        num_reached([], 10.0)
    with pytest.raises(ConfigError, match="a finite time, got inf"):
        restricted_mean([1.0], INF)


def test_a_curve_with_nan_is_refused() -> None:
    with pytest.raises(DataError, match="got nan at seed 1, evaluation 0"):
        time_to_threshold([[0.0, 1.0], [np.nan, 1.0]], [10, 20], 1.0)
