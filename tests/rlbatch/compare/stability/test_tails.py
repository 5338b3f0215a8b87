"""Quartiles and tail means by pencil."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.stability import iqr, lower_cvar, upper_cvar
from rlbatch.errors import ConfigError

SAMPLES = st.lists(st.integers(-1000, 1000), min_size=1, max_size=60)
ALPHAS = st.sampled_from([0.05, 0.1, 0.3, 0.5, 0.9])


def test_the_interquartile_range_is_p75_less_p25() -> None:
    assert iqr(np.array([0.0, 10.0, 1.0, 2.0, 3.0])) == 3.0 - 1.0
    assert iqr(np.array([[0.0], [4.0]]), axis=0).tolist() == [2.0]


def test_the_lower_tail_holds_what_is_at_most_the_percentile() -> None:
    values = np.array([9.0, 1.0, 5.0, 3.0, 7.0])  # P30 = 3.4
    assert lower_cvar(values, 0.3) == (1 + 3) / 2
    assert lower_cvar(values, 0.05) == 1.0


def test_the_upper_tail_holds_what_is_at_least_the_percentile() -> None:
    values = np.array([9.0, 1.0, 5.0, 3.0, 7.0])  # P70 = 6.6
    assert upper_cvar(values, 0.3) == (7 + 9) / 2
    assert upper_cvar(values, 0.05) == 9.0


def test_a_percentile_that_is_a_value_is_in_its_own_tail() -> None:
    assert lower_cvar(np.arange(21.0), 0.05) == (0 + 1) / 2
    assert lower_cvar(np.arange(201.0), 0.29) == 58 / 2  # 0.29 · 200 is 57.99… in floats


@given(SAMPLES, ALPHAS)
def test_the_tail_is_the_mean_of_what_does_not_exceed_the_percentile(
    sample: list[int], alpha: float
) -> None:
    values = np.array(sample, dtype=np.float64)
    v = np.percentile(values, 100 * alpha)
    expected = np.mean(values[values <= v + 1e-6])
    assert lower_cvar(values, alpha) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_a_tail_along_an_axis_is_the_tail_of_every_row() -> None:
    values = np.random.default_rng(0).normal(size=(3, 40, 2))
    found = lower_cvar(values, 0.2, axis=1)
    assert found.shape == (3, 2)
    assert found[2, 1] == pytest.approx(lower_cvar(values[2, :, 1], 0.2), rel=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 5.0])
def test_a_tail_that_is_no_share_is_refused(alpha: float) -> None:
    with pytest.raises(ConfigError, match=r"cvar.alpha: expected a share between 0 and 1"):
        lower_cvar(np.arange(3.0), alpha)
