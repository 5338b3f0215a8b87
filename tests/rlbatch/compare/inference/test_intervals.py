"""Intervals over seeds, by pencil and against each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.inference import Interval, estimate, generator, joint, joint_difference
from rlbatch.errors import ConfigError, DataError

Floats = npt.NDArray[np.float64]
Runs = npt.NDArray[np.intp]
SCORES = np.array([1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 1.0, 8.0, 2.0, 8.0])
ROWS = st.lists(st.lists(st.integers(-1000, 1000), min_size=2, max_size=8), min_size=1, max_size=3)


def test_two_seeds_have_both_seeds_as_bounds() -> None:
    """Resamples of 0 and 1 have mean 0 in a quarter of all cases, and 1 in a quarter."""
    found = estimate([np.array([0.0, 1.0])], generator("test"))
    assert found == Interval(0.5, 0.0, 1.0)


def test_runs_of_all_environments_are_pooled_before_the_ends_are_cut() -> None:
    scores = [np.array([0.0, 1.0, 2.0, 3.0]), np.array([100.0, 101.0, 102.0, 103.0])]
    assert estimate(scores, generator("test")).value == (2 + 3 + 100 + 101) / 4


def test_seeds_are_resampled_within_their_environment() -> None:
    """Environments differ and seeds do not: nothing is uncertain."""
    found = estimate([np.zeros(6), np.full(6, 10.0)], generator("test"))
    assert found == Interval(5.0, 5.0, 5.0)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e9])
def test_constant_scores_have_an_interval_of_no_width(value: float) -> None:
    found = estimate([np.full(7, value)] * 3, generator("test"))
    assert found.value == found.low == found.high == pytest.approx(value)


def test_an_environment_with_one_seed_leaves_no_bounds() -> None:
    found = estimate([np.arange(8.0), np.array([3.5])], generator("test"))
    assert found == Interval(3.5, None, None)


def test_another_statistic_and_another_confidence_can_be_asked_for() -> None:
    wide = estimate([SCORES], generator("test"), statistic=np.mean)
    slim = estimate([SCORES], generator("test"), statistic=np.mean, confidence=0.5)
    assert wide.value == slim.value == pytest.approx(4.6)
    error = SCORES.std() / np.sqrt(10)  # of the mean of a resample
    assert wide.low == pytest.approx(4.6 - 1.96 * error, abs=0.3 * error)
    assert slim.high == pytest.approx(4.6 + 0.674 * error, abs=0.2 * error)


def test_the_same_scores_and_name_give_the_same_bytes() -> None:
    one, other = (estimate([SCORES, -SCORES], generator("x")) for _ in range(2))
    assert np.array(one).tobytes() == np.array(other).tobytes()
    assert one != estimate([SCORES, -SCORES], generator("y"))


@given(ROWS, st.integers(-1000, 1000))
def test_an_interval_lies_within_the_scores_and_moves_with_them(
    rows: list[list[int]], shift: int
) -> None:
    scores = [np.array(row, np.float64) for row in rows]
    here = np.array(estimate(scores, generator("test")), np.float64)
    there = estimate([row + shift for row in scores], generator("test"))
    pooled = np.concatenate(scores)
    assert (here >= pooled.min() - 1e-9).all()
    assert (here <= pooled.max() + 1e-9).all()
    assert np.array(there, np.float64) == pytest.approx(here + shift, abs=1e-9)


def mean_of_runs(runs: Runs) -> Floats:
    return np.asarray(SCORES[runs].mean(-1))


def test_a_statistic_of_positions_has_the_interval_of_the_statistic_of_scores() -> None:
    whole = estimate([SCORES], generator("x"), statistic=np.mean)
    assert joint(mean_of_runs, 10, generator("x")) == pytest.approx(whole, abs=1e-12)


def test_a_group_statistic_sees_all_seeds_of_a_resample_at_once() -> None:
    """Seeds 0 and 9: both, one twice or the other twice; so the range is 9 or 0."""
    curves = np.array([[0.0, 0.0], [9.0, 9.0]])

    def largest_range(runs: Runs) -> Floats:
        return np.asarray(np.ptp(curves[runs], axis=-2).max(-1))

    assert joint(largest_range, 2, generator("test")) == Interval(9.0, 0.0, 9.0)
    assert joint(largest_range, 1, generator("test")) == Interval(0.0, None, None)


def test_a_difference_takes_the_same_seeds_in_both_arms() -> None:
    found = joint_difference(mean_of_runs, lambda r: mean_of_runs(r) + 5, 10, generator("test"))
    assert found == pytest.approx((-5.0, -5.0, -5.0), abs=1e-12)


def test_a_statistic_without_a_value_for_some_resample_has_no_bounds() -> None:
    def only_of_all(runs: Runs) -> Floats:
        return np.where(np.ptp(runs, axis=-1) == 0, np.nan, 1.0)

    assert joint(only_of_all, 3, generator("test")) == Interval(1.0, None, None)


def test_a_statistic_without_a_value_for_the_group_is_refused() -> None:
    with pytest.raises(DataError, match="a finite number for the group, got nan"):
        joint(lambda runs: np.full(runs.shape[:-1], np.nan), 3, generator("test"))
    with pytest.raises(ConfigError, match="num_seeds: expected at least 1 run, got 0"):
        joint(mean_of_runs, 0, generator("test"))
