"""Final return, area under the curve and worst seed by pencil."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.stability import auc, final_return, worst_seed
from rlbatch.errors import ConfigError, DataError


def test_the_final_return_is_the_mean_of_the_last_evaluations() -> None:
    scores = [[1.0, 2.0, 6.0], [5.0, 5.0, 0.0]]
    assert final_return(scores).tolist() == [6.0, 0.0]
    assert final_return(scores, evaluations=2).tolist() == [4.0, 2.5]


def test_a_final_return_of_more_evaluations_than_there_are_is_refused() -> None:
    with pytest.raises(DataError, match="at least 3 evaluations, got 2"):
        final_return([1.0, 2.0], evaluations=3)
    with pytest.raises(ConfigError, match="at least 1, got 0"):
        final_return([1.0, 2.0], evaluations=0)


def test_the_area_is_that_of_trapezoids_over_the_length_of_the_axis() -> None:
    assert auc([0.0, 10.0, 10.0], [100, 200, 500]) == (5 * 100 + 10 * 300) / 400


def test_runs_may_have_an_axis_each() -> None:
    scores, samples = [[0.0, 10.0, 10.0]] * 2, [[0, 1, 2], [0, 1, 10]]
    assert auc(scores, samples).tolist() == [7.5, 9.5]


def test_an_axis_may_stand_still_for_a_while() -> None:
    assert auc([0.0, 4.0, 8.0], [0, 0, 10]) == 6.0  # updates, before learning starts


@given(
    scores=st.lists(st.integers(-500, 500), min_size=2, max_size=30),
    shift=st.integers(-500, 500),
    factor=st.sampled_from([0.1, 3.0, 1e6]),
)
def test_the_area_has_the_unit_of_the_return_along_any_axis(
    scores: list[int], shift: int, factor: float
) -> None:
    x, values = np.arange(1, len(scores) + 1), np.array(scores, dtype=np.float64)
    moved = auc(3 * values + shift, factor * x + 7)
    assert moved == pytest.approx(3 * auc(values, x) + shift, abs=1e-6)
    assert values.min() - 1e-9 <= auc(values, x) <= values.max() + 1e-9


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1, 3, 2], "x that never goes back"),
        ([2, 2, 2], "an axis that gets longer"),
        ([1, 2], r"x \[T\] or \[..., T\], one per score"),
        ([1, np.nan, 3], "finite numbers, got nan"),
    ],
)
def test_an_axis_that_is_none_is_refused(x: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        auc([0.0, 1.0, 2.0], x)


def test_a_curve_of_one_evaluation_has_no_area() -> None:
    with pytest.raises(DataError, match="at least 2 evaluations, got 1"):
        auc([1.0], [10])


def test_the_worst_seed_is_the_least() -> None:
    assert worst_seed([[3.0, 1.0, 2.0], [-5.0, 0.0, 5.0]]).tolist() == [1.0, -5.0]


def test_a_seed_without_a_number_is_refused() -> None:
    with pytest.raises(DataError, match="got nan at seed 2"):
        worst_seed([1.0, 2.0, np.nan])
    with pytest.raises(DataError, match="at least 1 seed, got 0"):
        worst_seed([])
