"""The interquartile mean and its interval over seeds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.metrics import iqm, iqm_over_seeds


@pytest.mark.parametrize(
    ("scores", "value"),
    [
        ([5.0], 5.0),
        ([1.0, 2.0], 1.5),
        ([0.0, 3.0, 6.0], 3.0),  # a quarter of three is less than one
        ([0.0, 1.0, 3.0, 100.0], 2.0),
        ([100.0, 1.0, 0.0, 3.0], 2.0),  # in any order
        ([-1e9, 1.0, 2.0, 3.0, 1e9], 2.0),  # ⌊5/4⌋ = 1 of each end
        ([0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 9.0, 9.0], 2.5),
    ],
)
def test_the_lowest_and_the_highest_quarter_do_not_count(scores: list[float], value: float) -> None:
    assert iqm(scores) == pytest.approx(value)


def test_it_is_taken_along_an_axis() -> None:
    table = np.array([[0.0, 1.0, 3.0, 100.0], [4.0, 4.0, 4.0, 4.0]])
    assert iqm(table).tolist() == [2.0, 4.0]
    assert iqm(table.T, axis=0).tolist() == [2.0, 4.0]


def test_one_seed_has_no_interval() -> None:
    value, low, high = iqm_over_seeds(np.array([[5.0], [6.0]]))
    assert value.tolist() == [5.0, 6.0]
    assert low is None
    assert high is None


def test_scores_that_are_all_the_same_have_an_interval_of_no_width() -> None:
    value, low, high = iqm_over_seeds(np.full((2, 6), 7.0))
    assert low is not None
    assert high is not None
    assert value.tolist() == low.tolist() == high.tolist() == [7.0, 7.0]


def test_the_same_scores_always_have_the_same_interval() -> None:
    scores = np.arange(10.0)[None] ** 2
    state = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    one, other = iqm_over_seeds(scores), iqm_over_seeds(scores.copy())
    assert [np.asarray(x).tolist() for x in one] == [np.asarray(x).tolist() for x in other]
    assert (np.random.get_state()[1] == state).all()  # type: ignore[index]  # noqa: NPY002


def test_the_interval_holds_the_value_and_most_of_the_resamples() -> None:
    """IQMs of resamples drawn here with other numbers lie inside about 95 % of the time."""
    scores = np.array([1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 1.0, 8.0, 2.0, 8.0])
    value, low, high = iqm_over_seeds(scores[None])
    assert low is not None
    assert high is not None
    assert low[0] < value[0] < high[0]
    drawn = np.random.default_rng(0).choice(scores, (4000, 10))
    inside = (iqm(drawn) >= low) & (iqm(drawn) <= high)
    assert inside.mean() == pytest.approx(0.95, abs=0.02)


def test_metrics_share_one_resample_of_seeds() -> None:
    scores = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    _, low, high = iqm_over_seeds(np.stack([scores, 10 * scores + 3]))
    assert low is not None
    assert high is not None
    assert low[1] == pytest.approx(10 * low[0] + 3)
    assert high[1] == pytest.approx(10 * high[0] + 3)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12))
def test_an_interval_lies_within_the_scores(scores: list[float]) -> None:
    value, low, high = iqm_over_seeds(np.array([scores]))
    assert low is not None
    assert high is not None
    slack = 1e-9 * (1 + max(map(abs, scores)))
    assert min(scores) - slack <= low[0] <= high[0] <= max(scores) + slack
    assert min(scores) - slack <= value[0] <= max(scores) + slack
