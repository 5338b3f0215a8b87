"""Paired differences by pencil, and what holds for all of them."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.inference import generator, paired_difference, seeds_needed

Floats = npt.NDArray[np.float64]
PAIRS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=7)


def arms(pairs: list[tuple[int, int]]) -> tuple[list[Floats], list[Floats]]:
    treatment, control = np.array(pairs, np.float64).T
    return [treatment], [control]


def p_of(differences: list[float]) -> float:
    gaps = np.array(differences)
    return paired_difference([gaps], [np.zeros(len(gaps))], generator("test")).p


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([3.0], 1.0),  # one seed says nothing
        ([1.0, 2.0], 2 / 4),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 2 / 32),  # five seeds that agree are not enough
        ([1.0] * 6, 2 / 64),
        ([-0.1, -2.0, -3.0, -0.4, -5.0, -6.0, -0.7, -8.0], 2 / 256),
        ([1.0, 2.0, 3.0, -1.0], 6 / 16),  # |sum| ≥ 5: a flipped sum of at most 1, or at least 6
        ([0.0, 0.0, 4.0], 1.0),  # a seed without a difference tells nothing
        ([2.0, -2.0], 1.0),
        ([1.0] * 14, 2 / 2**14),  # the most seeds of which all swaps are taken
    ],
)
def test_p_is_the_share_of_sign_flips_that_are_as_far_from_zero(
    differences: list[float], p: float
) -> None:
    assert p_of(differences) == p


def test_rounding_does_not_break_a_tie() -> None:
    """Sums of four ±.1: six of 16 are 0, the rest at least .2, and .1 + .1 + .1 is above .3."""
    assert p_of([0.1, 0.1, 0.1, -0.1]) == 10 / 16


def test_above_fourteen_seeds_swaps_are_drawn_and_the_observed_counts_as_one() -> None:
    p = p_of([1.0] * 40)
    assert p == 1 / 10_001
    assert p_of([1.0, -1.0] * 8) == 1.0


def test_effect_interval_and_seeds_are_those_of_the_differences() -> None:
    treatment, control = [np.array([11.0, 22.0, 33.0])], [np.array([10.0, 20.0, 30.0])]
    found = paired_difference(treatment, control, generator("test"))
    assert (found.difference, found.effect, found.n) == (2.0, 2.0, 3)
    assert (found.low, found.high) == (1.0, 3.0)  # three times the same seed: 1 in 27
    assert found.correlation == pytest.approx(1.0)
    assert found.seeds_needed == seeds_needed(2.0)


def test_an_uncorrelated_pair_is_reported_as_such() -> None:
    treatment, control = [np.array([1.0, 2.0, 1.0, 2.0])], [np.array([3.0, 3.0, 4.0, 4.0])]
    assert paired_difference(treatment, control, generator("test")).correlation == 0.0


def test_arms_that_are_the_same_differ_by_nothing() -> None:
    scores = [np.array([0.1, 5.0, 9.0, 2.0, 2.0, 7.0])]
    found = paired_difference(scores, scores, generator("test"))
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    assert found.effect is found.seeds_needed is None


def test_a_constant_difference_has_no_spread_and_needs_the_fewest_seeds() -> None:
    scores = np.array([0.1, 5.0, 9.0, 2.0, 2.0, 7.0])
    found = paired_difference([scores + 0.1], [scores], generator("test"))  # rounds unevenly
    assert found.effect is None
    assert found.seeds_needed == 6
    assert found.p == 2 / 64


def test_a_constant_arm_has_no_correlation() -> None:
    found = paired_difference([np.full(6, 500.0)], [np.arange(6.0)], generator("test"))
    assert found.correlation is None
    assert found.effect is not None


def test_one_seed_has_a_difference_and_nothing_else() -> None:
    found = paired_difference([np.array([5.0])], [np.array([3.0])], generator("test"))
    assert found == (2.0, None, None, 1.0, 1, None, None, None)


def test_a_seed_is_one_pair_in_however_many_environments() -> None:
    """Six seeds that agree in two environments: still 2 / 2⁶, and not 2 / 2¹²."""
    control = [np.arange(6.0), 10 * np.arange(6.0)]
    treatment = [control[0] + 1, control[1] + 3]
    found = paired_difference(treatment, control, generator("test"))
    assert (found.difference, found.n, found.p) == (2.0, 6, 2 / 64)
    assert (found.low, found.high) == (2.0, 2.0)  # stratified: environments are not resampled


@given(PAIRS)
def test_p_is_that_of_all_sign_flips_taken_one_by_one(pairs: list[tuple[int, int]]) -> None:
    gaps = [x - y for x, y in pairs]
    sums = [
        abs(sum(s * d for s, d in zip(signs, gaps, strict=True)))
        for signs in itertools.product([1, -1], repeat=len(gaps))
    ]
    share = sum(total >= abs(sum(gaps)) for total in sums) / len(sums)
    assert paired_difference(*arms(pairs), generator("test")).p == share


@given(PAIRS, st.integers(-50, 50))
def test_a_common_shift_changes_nothing(pairs: list[tuple[int, int]], shift: int) -> None:
    moved = [(x + shift, y + shift) for x, y in pairs]
    here, there = (paired_difference(*arms(p), generator("test")) for p in (pairs, moved))
    assert here._replace(correlation=None) == there._replace(correlation=None)
    assert here.correlation == pytest.approx(there.correlation, abs=1e-9)


@given(PAIRS)
def test_swapping_the_arms_turns_the_sign_and_nothing_else(pairs: list[tuple[int, int]]) -> None:
    treatment, control = arms(pairs)
    one = paired_difference(treatment, control, generator("test"))
    other = paired_difference(control, treatment, generator("test"))
    assert one.difference == -other.difference
    assert (one.p, one.n, one.seeds_needed) == (other.p, other.n, other.seeds_needed)
    assert 0 < one.p <= 1
    if one.low is not None:
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low))  # type: ignore[operator]


def test_the_arms_may_be_swapped_where_swaps_are_drawn() -> None:
    x, y = generator("x").normal(size=(2, 20))
    one = paired_difference([x], [y], generator("test")).p
    assert one == paired_difference([y], [x], generator("test")).p < 1


def test_the_same_scores_and_name_give_the_same_bytes() -> None:
    x, y = generator("x").normal(size=(2, 20))
    one, other = (paired_difference([x], [y], generator("test")) for _ in range(2))
    assert np.array(one, np.float64).tobytes() == np.array(other, np.float64).tobytes()
