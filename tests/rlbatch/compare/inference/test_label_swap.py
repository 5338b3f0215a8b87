"""Arm labels swapped within seeds, by pencil."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.inference import generator, label_swap, label_swap_of_indices
from rlbatch.errors import ConfigError, DataError

Floats = npt.NDArray[np.float64]
Runs = npt.NDArray[np.intp]
CURVES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=6)


def spread(curves: Floats) -> Floats:
    """Range over runs, averaged over time."""
    return np.asarray(np.ptp(curves, axis=-2).mean(-1))


def collapse_rate(curves: Floats) -> Floats:
    return np.asarray((curves[..., -1] < 0.5 * curves.max(-1)).mean(-1))


def test_a_group_statistic_is_computed_anew_for_every_swap() -> None:
    """Ranges: 10 − 1; one seed swapped {4, 10}, {0, 5}: 6 − 5; the other: −1; both: −9."""
    treatment, control = np.array([[0.0], [10.0]]), np.array([[4.0], [5.0]])
    assert label_swap(spread, treatment, control, generator("test")) == 2 / 4


def test_three_collapses_against_none_can_come_by_chance() -> None:
    treatment, control = np.tile([9.0, 1.0], (3, 1)), np.tile([8.0, 9.0], (3, 1))
    assert label_swap(collapse_rate, treatment, control, generator("test")) == 2 / 8


def test_curves_stay_whole_and_with_their_seed() -> None:
    """Every group that is ever formed has one curve of each seed."""
    curves = np.array([[0.0, 10.0], [1.0, 11.0], [2.0, 12.0]])
    seen: list[Floats] = []

    def watched(groups: Floats) -> Floats:
        seen.append(groups.reshape(-1, 3, 2))
        return spread(groups)

    label_swap(watched, curves, curves + 100, generator("test"))
    groups = np.concatenate(seen)
    assert (groups % 100 == curves).all()
    assert len({group.tobytes() for group in groups}) == 8


def test_one_seed_and_arms_that_are_the_same_have_p_one() -> None:
    curves = np.arange(12.0).reshape(4, 3) ** 2
    assert label_swap(spread, curves, curves.copy(), generator("test")) == 1.0
    assert label_swap(spread, curves[:1], curves[1:2], generator("test")) == 1.0


@given(CURVES)
def test_p_is_that_of_all_swaps_taken_one_by_one(pairs: list[tuple[int, int]]) -> None:
    treatment, control = np.array(pairs, np.float64).T[..., None]
    found = []
    for swapped in itertools.product([False, True], repeat=len(pairs)):
        swap = np.array(swapped)[:, None]
        first, second = np.where(swap, control, treatment), np.where(swap, treatment, control)
        found.append(abs(float(spread(first) - spread(second))))
    share = np.mean(np.array(found) >= found[0])
    assert label_swap(spread, treatment, control, generator("test")) == share
    assert label_swap(spread, control, treatment, generator("test")) == share


def test_above_fourteen_seeds_swaps_are_drawn_and_the_same_name_draws_the_same() -> None:
    rng = generator("curves")
    treatment, control = rng.normal(size=(20, 4)), 1.5 * rng.normal(size=(20, 4))
    one = label_swap(spread, treatment, control, generator("test"))
    assert one == label_swap(spread, treatment, control, generator("test"))
    assert one == label_swap(spread, control, treatment, generator("test"))
    assert 1 / 10_001 < one < 1
    assert one * 10_001 == pytest.approx(round(one * 10_001), abs=1e-6)


def test_a_seed_can_be_swapped_in_several_environments_at_once() -> None:
    """With curves of different length: two environments that agree are no more seeds."""
    short = np.concatenate([np.arange(6.0)[:, None] * 3, np.zeros((6, 1))])
    long = np.repeat(short, 4, axis=1)

    def both(runs: Runs) -> Floats:
        return spread(short[runs]) + spread(long[runs])

    alone = label_swap(spread, short[:6], short[6:], generator("test"))
    assert label_swap_of_indices(both, 6, generator("test")) == alone < 1


def test_a_swap_without_a_value_counts_as_far() -> None:
    """Of four swaps only the observed and its mirror have one; all four count."""

    def unmixed(runs: Runs) -> Floats:
        arm = runs // 2
        return np.where(np.ptp(arm, axis=-1) == 0, arm[..., 0], np.nan)

    assert label_swap_of_indices(unmixed, 2, generator("test")) == 1.0


def test_arms_that_do_not_pair_up_and_arms_without_a_value_are_refused() -> None:
    curves = np.ones((3, 4))
    with pytest.raises(DataError, match=r"control: expected .* \(3, 4\), got \(2, 4\)"):
        label_swap(spread, curves, curves[:2], generator("test"))
    with pytest.raises(DataError, match=r"a finite number for each arm, got \[nan, nan\]"):
        label_swap(lambda c: np.full(c.shape[:-2], np.nan), curves, curves, generator("test"))
    with pytest.raises(ConfigError, match="num_seeds: expected at least 1 paired seed, got 0"):
        label_swap_of_indices(lambda runs: runs.sum(-1), 0, generator("test"))
