"""What the low-pass filter lets through, and which curves are too short for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.stability import lowpass
from rlbatch.errors import DataError

STEPS = np.arange(1, 601) * 10.0  # env steps
MIDDLE = slice(200, 400)


def swing(period: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray(np.sin(2 * np.pi * STEPS / period))


@pytest.mark.parametrize(
    ("period", "gain", "within"), [(800, 1.0, 1e-3), (400, 0.5, 1e-3), (200, 0.0, 1e-3)]
)
def test_slow_swings_stay_fast_ones_go_and_that_of_the_period_is_halved(
    period: float, gain: float, within: float
) -> None:
    found = lowpass(swing(period), STEPS, 400.0)
    np.testing.assert_allclose(found[MIDDLE], gain * swing(period)[MIDDLE], atol=within)


@given(value=st.floats(-1000, 1000), period=st.sampled_from([25.0, 100.0, 1000.0]))
def test_a_constant_curve_stays_as_it_is(value: float, period: float) -> None:
    found = lowpass(np.full(STEPS.size, value), STEPS, period)
    np.testing.assert_allclose(found, value, atol=1e-9, rtol=1e-9)


def test_a_reversed_curve_comes_out_reversed() -> None:
    scores = np.cumsum(np.random.default_rng(0).normal(size=STEPS.size))
    there, back = lowpass(scores, STEPS, 400.0), lowpass(scores[::-1], STEPS, 400.0)[::-1]
    np.testing.assert_allclose(there[MIDDLE], back[MIDDLE], atol=1e-3 * np.ptp(scores))


def test_the_distance_of_evaluations_in_env_steps_does_not_matter() -> None:
    scores = np.random.default_rng(0).normal(size=STEPS.size)
    slow = lowpass(scores, 7 * STEPS, 7 * 400.0)
    np.testing.assert_allclose(lowpass(scores, STEPS, 400.0), slow, rtol=1e-9, atol=1e-12)


def test_every_row_is_filtered_alone() -> None:
    scores = np.random.default_rng(0).normal(size=(2, 3, STEPS.size))
    found = lowpass(scores, STEPS, 400.0)
    np.testing.assert_allclose(found[1, 2], lowpass(scores[1, 2], STEPS, 400.0), rtol=1e-12)


def test_both_forms_agree_far_from_the_ends_where_the_published_one_is_sound() -> None:
    scores = np.random.default_rng(0).normal(size=STEPS.size)
    ours, published = (lowpass(scores, STEPS, 100.0, compat=c) for c in (None, "google"))
    np.testing.assert_allclose(ours[MIDDLE], published[MIDDLE], atol=1e-6)


def test_a_curve_of_three_periods_is_too_short_and_one_evaluation_more_is_not() -> None:
    assert lowpass(np.ones(13), STEPS[:13], 40.0) == pytest.approx(np.ones(13))
    with pytest.raises(DataError, match=r"more than 12 evaluations \(3 periods of 40 env steps\)"):
        lowpass(np.ones(12), STEPS[:12], 40.0)


def test_the_cut_off_of_the_paper_on_a_hundred_evaluations_is_refused() -> None:
    with pytest.raises(DataError, match="more than 600 evaluations"):
        lowpass(np.ones(100), STEPS[:100], 2 * 10.0 / 0.01)


@pytest.mark.parametrize("period", [20.0, 0.0, -5.0, np.nan, np.inf])
def test_a_period_within_two_evaluations_is_refused(period: float) -> None:
    with pytest.raises(DataError, match=r"a period of more than two evaluations \(20 env steps\)"):
        lowpass(np.ones(100), STEPS[:100], period)


def test_uneven_evaluations_are_refused() -> None:
    steps = np.append(STEPS[:99], STEPS[98] + 5)
    with pytest.raises(DataError, match=r"equal distances .*got one of 5"):
        lowpass(np.ones(100), steps, 100.0)
