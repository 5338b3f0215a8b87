"""Performance profiles by pencil."""

from __future__ import annotations

import numpy as np
import pytest

from rlbatch.compare.inference import generator, performance_profile
from rlbatch.errors import DataError

SCORES = [np.array([1.0, 2.0]), np.array([3.0, 4.0])]


def test_a_profile_is_the_share_of_runs_strictly_above() -> None:
    tau = np.array([0.0, 1.0, 2.5, 3.0, 4.0])
    found = performance_profile(SCORES, tau, generator("test"))
    assert found.value.tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_its_band_resamples_seeds_within_their_environment() -> None:
    """Above 1.5: both runs of the second environment, and 0, 1 or 2 draws of the first."""
    _, low, high = performance_profile(SCORES, np.array([1.5, 2.5]), generator("test"))
    assert low is not None
    assert high is not None
    assert low.tolist() == [0.5, 0.5]
    assert high.tolist() == [1.0, 0.5]


def test_profile_and_band_never_rise_with_tau() -> None:
    scores = [generator("scores", env).normal(size=9) for env in range(3)]
    found = performance_profile(scores, np.linspace(-3, 3, 41), generator("test"))
    for line in found:
        assert line is not None
        assert (np.diff(line) <= 0).all()
        assert (line[0], line[-1]) == (1.0, 0.0)


def test_one_seed_has_a_profile_and_no_band() -> None:
    found = performance_profile([np.array([2.0])], np.array([1.0, 2.0]), generator("test"))
    assert found.value.tolist() == [1.0, 0.0]
    assert found.low is found.high is None


def test_thresholds_are_a_row_of_finite_numbers() -> None:
    for tau in (np.zeros((2, 2)), np.array([0.0, np.nan])):
        with pytest.raises(DataError, match=r"tau: expected finite numbers of shape \[K\]"):
            performance_profile(SCORES, tau, generator("test"))
