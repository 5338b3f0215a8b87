"""Consecutive rows from a random start."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import EmptyBufferError
from rlbatch.replay.sampling.sequential import Sequential
from rlbatch.replay.storage.ring import Ring, Rows
from rlbatch.seeding import Purpose, uniform

LANES = st.lists(st.integers(1, 40), min_size=1, max_size=3)


def ring_with(capacity: int, *written: int) -> Ring:
    """A ring to whose lanes so many rows were written."""
    ring = Ring(len(written), capacity, 1)
    valid = np.arange(max(written)) < np.array(written)[:, None]
    ring.append(np.zeros((*valid.shape, 1), np.int64), valid)
    return ring


def drawn(ring: Ring, *sizes: int, seed: int = 0, counter: int = 0) -> Rows:
    """Numbers of one draw; lane k has seed + k."""
    seeds, counters = seed + np.arange(len(sizes)), np.full(len(sizes), counter)
    sampler = Sequential().start(len(sizes), ring.capacity)
    return sampler.draw(ring, seeds, counters, np.array(sizes)).numbers


def test_a_batch_is_consecutive_rows_from_where_the_stream_says() -> None:
    start = int(uniform(7, Purpose.DRAW, 3, 1)[0] * 100)
    assert drawn(ring_with(200, 100), 4, seed=7, counter=3)[0].tolist() == [
        *range(start, start + 4)
    ]


def test_after_the_newest_row_comes_the_oldest_again() -> None:
    numbers = drawn(ring_with(5, 12), 13)[0]
    assert set(numbers.tolist()) == {7, 8, 9, 10, 11}
    assert set(np.diff(numbers).tolist()) == {1, -4}
    assert (np.diff(numbers)[numbers[:-1] == 11] == -4).all()


@given(st.integers(1, 9), LANES, st.integers(1, 20), st.integers(0, 2**40))
def test_rows_that_are_not_held_are_never_drawn_and_each_follows_the_one_before(
    capacity: int, written: list[int], size: int, counter: int
) -> None:
    ring = ring_with(capacity, *written)
    numbers = drawn(ring, *[size] * len(written), counter=counter)
    offset = numbers - (ring.head - ring.fill)[:, None]
    assert ((offset >= 0) & (offset < ring.fill[:, None])).all()
    assert (np.diff(offset) % ring.fill[:, None] == 1 % ring.fill[:, None]).all()


@given(st.integers(1, 9), LANES, st.integers(1, 20), st.integers(0, 20), st.integers(0, 2**40))
def test_a_small_draw_is_the_prefix_of_a_large_one(
    capacity: int, written: list[int], few: int, more: int, counter: int
) -> None:
    ring = ring_with(capacity, *written)
    small = drawn(ring, *[few] * len(written), counter=counter)
    large = drawn(ring, *[few + more] * len(written), counter=counter)
    assert np.array_equal(small, large[:, :few])


def test_every_row_is_as_likely_to_come_first() -> None:
    first = drawn(ring_with(4, *[7] * 8000), *[1] * 8000)[:, 0]
    expected, deviation = 8000 / 4, (8000 * 0.25 * 0.75) ** 0.5
    assert np.abs(np.bincount(first)[3:] - expected).max() < 4 * deviation


def test_two_seeds_and_two_counters_differ_and_one_pair_repeats() -> None:
    ring = ring_with(10**6, 10**6)
    first = drawn(ring, 5)
    assert np.array_equal(first, drawn(ring, 5))
    assert not np.array_equal(first, drawn(ring, 5, seed=1))
    assert not np.array_equal(first, drawn(ring, 5, counter=1))


def test_a_lane_draws_what_it_would_draw_alone() -> None:
    lanes = drawn(ring_with(9, 3, 30, 5), 6, 6, 6, seed=4)
    assert np.array_equal(lanes[1:2], drawn(ring_with(9, 30), 6, seed=5))


def test_idle_lanes_are_padding_even_where_nothing_is_held() -> None:
    numbers = drawn(ring_with(9, 0, 4, 4), 0, 2, 3)
    assert (numbers[0] == -1).all()
    assert (numbers >= 0).sum(1).tolist() == [0, 2, 3]


def test_a_lane_that_must_give_rows_and_holds_none_is_named() -> None:
    with pytest.raises(EmptyBufferError, match="at least 1 stored row, got 0 in lane 1"):
        drawn(ring_with(9, 4, 0), 1, 1)


def test_nothing_is_weighed_and_nothing_is_remembered() -> None:
    sampler = Sequential().start(1, 9)
    one = np.ones(1, np.int64)
    assert sampler.draw(ring_with(9, 4), one, one, one).weight is None
    assert sampler.state() == {}
