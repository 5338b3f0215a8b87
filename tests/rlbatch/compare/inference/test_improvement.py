"""Probability of improvement by pencil and against the Mann–Whitney statistic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlbatch.compare.inference import Interval, generator, probability_of_improvement
from rlbatch.errors import DataError

ROW = st.lists(st.integers(0, 5), min_size=2, max_size=7).map(lambda row: np.array(row, float))


def test_a_tie_is_half_a_win() -> None:
    found = probability_of_improvement(
        [np.array([1.0, 2.0])], [np.array([1.0, 0.0])], generator("test")
    )
    assert found.value == (0.5 + 1 + 1 + 1) / 4


def test_environments_count_alike_however_many_seeds_they_have() -> None:
    treatment = [np.array([1.0, 2.0]), np.array([0.0])]
    control = [np.array([0.0, 0.0]), np.array([1.0])]
    found = probability_of_improvement(treatment, control, generator("test"))
    assert found == Interval(0.5, None, None)


def test_an_arm_that_always_wins_wins_in_every_resample() -> None:
    high, low = np.array([5.0, 6.0, 7.0]), np.array([1.0, 2.0])
    assert probability_of_improvement([high], [low], generator("test")) == Interval(1.0, 1.0, 1.0)
    assert probability_of_improvement([low], [low * 0 + 1], generator("test")).low == 0.5


@given(ROW, ROW)
def test_it_is_the_mann_whitney_statistic_per_pair(x: np.ndarray, y: np.ndarray) -> None:
    found = probability_of_improvement([x], [y], generator("test"))
    wins = stats.mannwhitneyu(x, y, method="asymptotic").statistic
    assert found.value == pytest.approx(wins / (len(x) * len(y)), abs=1e-12)
    other = probability_of_improvement([y], [x], generator("test"))
    assert found.value + other.value == pytest.approx(1.0, abs=1e-12)


def test_both_arms_are_of_the_same_environments() -> None:
    with pytest.raises(DataError, match="control: expected 1 environments, as in treatment, got 2"):
        probability_of_improvement([np.ones(2)], [np.ones(2)] * 2, generator("test"))
