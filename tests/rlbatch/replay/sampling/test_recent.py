"""Newer rows more often: the closed form, and the newest in every batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import ConfigError, EmptyBufferError
from rlbatch.replay.sampling.recent import Recent
from rlbatch.replay.storage.ring import Ring, Rows
from rlbatch.seeding import Purpose, uniform

LANES = st.lists(st.integers(1, 40), min_size=1, max_size=3)
HALF_LIVES = st.integers(1, 60)


def ring_with(capacity: int, *written: int) -> Ring:
    """A ring to whose lanes so many rows were written."""
    ring = Ring(len(written), capacity, 1)
    valid = np.arange(max(written)) < np.array(written)[:, None]
    ring.append(np.zeros((*valid.shape, 1), np.int64), valid)
    return ring


def drawn(settings: Recent, ring: Ring, *sizes: int, seed: int = 0, counter: int = 0) -> Rows:
    """Numbers of one draw; lane k has seed + k."""
    seeds, counters = seed + np.arange(len(sizes)), np.full(len(sizes), counter)
    sampler = settings.start(len(sizes), ring.capacity)
    return sampler.draw(ring, seeds, counters, np.array(sizes)).numbers


def shares(half_life: int, fill: int) -> npt.NDArray[np.float64]:
    """The probability of each age, newest first, by its definition."""
    weights = np.exp2(-np.arange(fill, dtype=np.float64) / half_life)
    normed: npt.NDArray[np.float64] = weights / weights.sum()
    return normed


@pytest.mark.parametrize("half_life", [1, 3, 10**12])
def test_ages_come_as_often_as_the_closed_form_says(half_life: int) -> None:
    numbers = drawn(Recent(half_life=half_life, newest=False), ring_with(6, 20), 40_000)[0]
    counts = np.bincount(19 - numbers, minlength=6)
    expected = shares(half_life, 6)
    deviation = np.sqrt(40_000 * expected * (1.0 - expected))
    assert (np.abs(counts - 40_000 * expected) < 4.0 * deviation).all()


@given(st.integers(1, 50), HALF_LIVES, st.integers(0, 2**40))
def test_a_row_is_where_the_number_falls_among_the_summed_shares(
    fill: int, half_life: int, counter: int
) -> None:
    settings = Recent(half_life=half_life, newest=False)
    numbers = drawn(settings, ring_with(50, fill), 64, seed=5, counter=counter)[0]
    u = uniform(5, Purpose.DRAW, counter, 64)
    ages = np.searchsorted(np.cumsum(shares(half_life, fill))[:-1], u, side="right")
    assert np.array_equal(numbers, fill - 1 - ages)


def test_half_of_the_draws_are_younger_than_the_half_life() -> None:
    numbers = drawn(Recent(half_life=1000, newest=False), ring_with(100_000, 100_000), 40_000)
    assert np.mean(numbers >= 99_000) == pytest.approx(0.5, abs=4 * 0.5 / 200)


@given(st.integers(1, 9), LANES, HALF_LIVES, st.booleans(), st.integers(0, 2**40))
def test_rows_that_are_not_held_are_never_drawn(
    capacity: int, written: list[int], half_life: int, newest: bool, counter: int
) -> None:
    ring = ring_with(capacity, *written)
    settings = Recent(half_life=half_life, newest=newest)
    numbers = drawn(settings, ring, *[30] * len(written), counter=counter)
    head, fill = ring.head[:, None], ring.fill[:, None]
    assert ((numbers >= head - fill) & (numbers < head)).all()


@given(LANES, HALF_LIVES, st.integers(1, 20), st.integers(0, 2**40))
def test_the_newest_row_comes_first_and_the_others_do_not_move(
    written: list[int], half_life: int, size: int, counter: int
) -> None:
    ring, sizes = ring_with(9, *written), [size] * len(written)
    with_it = drawn(Recent(half_life=half_life), ring, *sizes, counter=counter)
    without = drawn(Recent(half_life=half_life, newest=False), ring, *sizes, counter=counter)
    assert np.array_equal(with_it[:, 0], ring.head - 1)
    assert np.array_equal(with_it[:, 1:], without[:, 1:])


@given(LANES, HALF_LIVES, st.booleans(), st.integers(1, 20), st.integers(0, 20))
def test_a_small_draw_is_the_prefix_of_a_large_one(
    written: list[int], half_life: int, newest: bool, few: int, more: int
) -> None:
    ring, settings = ring_with(9, *written), Recent(half_life=half_life, newest=newest)
    small = drawn(settings, ring, *[few] * len(written))
    large = drawn(settings, ring, *[few + more] * len(written))
    assert np.array_equal(small, large[:, :few])


def test_two_seeds_and_two_counters_differ_and_one_pair_repeats() -> None:
    ring, settings = ring_with(1000, 1000), Recent(half_life=500)
    first = drawn(settings, ring, 9)
    assert np.array_equal(first, drawn(settings, ring, 9))
    assert not np.array_equal(first, drawn(settings, ring, 9, seed=1))
    assert not np.array_equal(first, drawn(settings, ring, 9, counter=1))


def test_a_lane_draws_what_it_would_draw_alone() -> None:
    settings = Recent(half_life=4)
    lanes = drawn(settings, ring_with(9, 3, 30, 5), 6, 6, 6, seed=4)
    assert np.array_equal(lanes[1:2], drawn(settings, ring_with(9, 30), 6, seed=5))


def test_idle_lanes_are_padding_even_where_nothing_is_held() -> None:
    numbers = drawn(Recent(half_life=4), ring_with(9, 0, 4, 4), 0, 2, 3)
    assert (numbers[0] == -1).all()
    assert (numbers >= 0).sum(1).tolist() == [0, 2, 3]


def test_a_lane_that_must_give_rows_and_holds_none_is_named() -> None:
    with pytest.raises(EmptyBufferError, match="at least 1 stored row, got 0 in lane 1"):
        drawn(Recent(half_life=4), ring_with(9, 4, 0), 1, 1)


def test_nothing_is_weighed_and_nothing_is_remembered() -> None:
    sampler = Recent(half_life=4).start(1, 9)
    one = np.ones(1, np.int64)
    assert sampler.draw(ring_with(9, 4), one, one, one).weight is None
    assert sampler.state() == {}


def test_a_half_life_below_one_row_is_refused() -> None:
    with pytest.raises(ConfigError, match="half_life: expected at least 1 row, got 0"):
        Recent(half_life=0)
