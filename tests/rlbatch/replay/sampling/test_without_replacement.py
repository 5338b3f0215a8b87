"""Epochs: every row held at the start once, whatever is added meanwhile."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import DataError, EmptyBufferError
from rlbatch.replay.sampling.sampler import Sampler
from rlbatch.replay.sampling.without_replacement import WithoutReplacement
from rlbatch.replay.storage.ring import Ring, Rows

STEPS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), min_size=1, max_size=30)


def add(ring: Ring, *num: int) -> None:
    """Writes so many rows to each lane."""
    valid = np.arange(max(num)) < np.array(num)[:, None]
    ring.append(np.zeros((*valid.shape, 1), np.int64), valid)


def started(capacity: int, *written: int) -> tuple[Ring, Sampler]:
    """A ring to whose lanes so many rows were written, and a sampler that has drawn nothing."""
    ring = Ring(len(written), capacity, 1)
    add(ring, *written)
    return ring, WithoutReplacement().start(len(written), capacity)


def drawn(sampler: Sampler, ring: Ring, *sizes: int, seed: int = 0, counter: int = 0) -> Rows:
    """Numbers of one draw; lane k has seed + k."""
    seeds, counters = seed + np.arange(len(sizes)), np.full(len(sizes), counter)
    return sampler.draw(ring, seeds, counters, np.array(sizes)).numbers


def copied(sampler: Sampler) -> dict[str, Any]:
    return {name: array.copy() for name, array in sampler.state().items()}


@dataclass
class Twin:
    """One lane's epoch, as the set of rows that it still has to give."""

    left: set[int] = field(default_factory=set)

    def take(self, numbers: list[int], held: set[int]) -> None:
        assert len(set(numbers)) == len(numbers)
        for number in numbers:
            self.left = self.left & held or set(held)
            self.left.remove(number)


@given(st.integers(1, 9), STEPS, st.integers(0, 99))
def test_each_epoch_gives_every_row_once_and_no_batch_holds_a_row_twice(
    capacity: int, steps: list[tuple[int, int]], seed: int
) -> None:
    (ring, sampler), twin = started(capacity, 0), Twin()
    for counter, (num, size) in enumerate(steps):
        add(ring, num)
        size = min(size, int(ring.fill[0]))
        numbers = drawn(sampler, ring, size, seed=seed, counter=counter)
        head, fill = int(ring.head[0]), int(ring.fill[0])
        twin.take(numbers[0].tolist(), set(range(head - fill, head)))


@pytest.mark.parametrize("size", [1, 4, 5, 7, 20])
def test_every_row_comes_exactly_once_an_epoch(size: int) -> None:
    ring, sampler = started(20, 33)
    stream = np.concatenate([drawn(sampler, ring, size, counter=c)[0] for c in range(60)])
    epochs = stream[: len(stream) // 20 * 20].reshape(-1, 20)
    assert (np.sort(epochs, 1) == np.arange(13, 33)).all()
    assert len({tuple(epoch) for epoch in epochs.tolist()}) == len(epochs)


def test_rows_overwritten_since_the_epoch_began_are_passed_over_and_new_ones_wait() -> None:
    ring, sampler = started(8, 8)
    before = drawn(sampler, ring, 2)[0].tolist()
    add(ring, 3)
    left = set(range(3, 8)) - set(before)
    assert set(drawn(sampler, ring, len(left))[0].tolist()) == left
    assert set(drawn(sampler, ring, 8)[0].tolist()) == set(range(3, 11))


def test_rows_added_while_the_buffer_grows_wait_for_the_next_epoch() -> None:
    ring, sampler = started(100, 4)
    drawn(sampler, ring, 1)
    add(ring, 5)
    assert drawn(sampler, ring, 3).max() < 4
    assert sorted(drawn(sampler, ring, 9)[0].tolist()) == [*range(9)]


def test_an_epoch_of_which_nothing_is_left_gives_way_to_the_next() -> None:
    ring, sampler = started(4, 4)
    drawn(sampler, ring, 1)
    add(ring, 11)
    assert sorted(drawn(sampler, ring, 4)[0].tolist()) == [11, 12, 13, 14]


def test_a_batch_that_crosses_into_the_next_epoch_leaves_for_later_what_it_has() -> None:
    ring, sampler = started(5, 5)
    first, second, third = [drawn(sampler, ring, 4, counter=c)[0].tolist() for c in range(3)]
    assert sorted(first + second[:1]) == [0, 1, 2, 3, 4]
    assert sorted(second[1:] + third[:2]) == [0, 1, 2, 3, 4]
    assert second[0] in third[:2]


@pytest.mark.parametrize("epochs_before", [0, 1])
def test_all_orders_are_equally_likely_in_every_epoch(epochs_before: int) -> None:
    ring, sampler = started(3, *[3] * 6000)
    for counter in range(epochs_before + 1):
        numbers = drawn(sampler, ring, *[3] * 6000, counter=counter)
    orders = Counter(map(tuple, numbers.tolist()))
    deviation = (6000 * 1 / 6 * 5 / 6) ** 0.5
    assert set(orders) == set(permutations(range(3)))
    assert max(abs(count - 1000) for count in orders.values()) < 4 * deviation


def test_more_rows_than_are_held_are_refused_and_no_lane_moves() -> None:
    ring, sampler = started(9, 4, 3)
    before = copied(sampler)
    with pytest.raises(
        EmptyBufferError, match=r"at least 4 stored rows.* got 3 in lane 1\..*lower"
    ):
        drawn(sampler, ring, 4, 4)
    assert all(np.array_equal(before[name], now) for name, now in sampler.state().items())


def test_idle_lanes_draw_nothing_and_their_epochs_do_not_move() -> None:
    ring, sampler = started(9, 9, 9, 0)
    drawn(sampler, ring, 2, 2, 0)
    before = copied(sampler)
    numbers = drawn(sampler, ring, 0, 5, 0, counter=1)
    assert (numbers >= 0).sum(1).tolist() == [0, 5, 0]
    for name, now in sampler.state().items():
        assert np.array_equal(before[name][[0, 2]], now[[0, 2]])
    assert sampler.state()["past"].tolist() == [2, 7, 0]


def test_a_lane_draws_what_it_would_draw_alone() -> None:
    (lanes, sampler), (own, alone) = started(9, 7, 30, 8), started(9, 30)
    for counter in range(7):
        many = drawn(sampler, lanes, 4, 5, counter % 3, seed=4, counter=counter)
        assert np.array_equal(many[1:2], drawn(alone, own, 5, seed=5, counter=counter))


def test_two_seeds_and_two_counters_differ_and_one_pair_repeats() -> None:
    def batch(seed: int, counter: int) -> list[int]:
        ring, sampler = started(1000, 1000)
        return [*map(int, drawn(sampler, ring, 9, seed=seed, counter=counter)[0])]

    assert batch(0, 0) == batch(0, 0)
    assert batch(0, 0) != batch(1, 0)
    assert batch(0, 0) != batch(0, 1)


@given(st.integers(0, 9), st.integers(1, 9), st.integers(0, 99))
def test_from_one_state_a_small_draw_is_the_prefix_of_a_large_one(
    before: int, few: int, seed: int
) -> None:
    batches = []
    for size in (few, 9):
        ring, sampler = started(9, 12)
        drawn(sampler, ring, before, seed=seed)
        batches.append(drawn(sampler, ring, size, seed=seed, counter=1)[0])
    assert np.array_equal(batches[0], batches[1][:few])


@given(st.integers(0, 20), st.integers(0, 9), st.integers(0, 9))
def test_a_loaded_sampler_draws_on_as_the_saved_one(num: int, first: int, second: int) -> None:
    ring, sampler = started(9, 9, 4)
    drawn(sampler, ring, first, min(first, 4))
    add(ring, num, 1)
    loaded = WithoutReplacement().start(2, 9)
    loaded.load(ring, copied(sampler))
    for counter in range(4):
        sizes = second, min(second, 5)
        one, other = (drawn(each, ring, *sizes, counter=counter) for each in (sampler, loaded))
        assert np.array_equal(one, other)


def test_a_loaded_state_is_a_copy() -> None:
    (ring, sampler), loaded = started(9, 9), WithoutReplacement().start(1, 9)
    loaded.load(ring, sampler.state())
    drawn(sampler, ring, 4)
    assert loaded.state()["past"].tolist() == [0]


@pytest.mark.parametrize(
    "changed",
    [
        {"past": [10]},  # past the span
        {"past": [-1]},
        {"began": [7]},  # when fewer rows were held than it spans
        {"began": [13]},  # rows that the ring has not seen
        {"order": [[0, 0, 2, 3, 4, 5, 6, 7, 8]]},
        {"order": [[0, 1, 2, 3, 4, 5, 6, 7, 99]]},
        {"past": [1], "span": [5], "began": [5], "order": [[4, 3, 2, 1, 0, 8, 7, 6, 5]]},
    ],
)
def test_an_epoch_that_cannot_be_one_of_these_rows_is_refused(changed: dict[str, Any]) -> None:
    ring, sampler = started(9, 12)
    drawn(sampler, ring, 5)
    state = copied(sampler)
    sampler.load(ring, state)
    state |= {name: np.array(array, state[name].dtype) for name, array in changed.items()}
    with pytest.raises(DataError, match=r"in lane 0\. Load the state"):
        sampler.load(ring, state)


def test_a_state_of_other_fields_lanes_or_dtypes_is_refused() -> None:
    (ring, sampler), state = started(9, 9), WithoutReplacement().start(1, 9).state()
    wrong = [{}, {**state, "more": np.zeros(1)}, WithoutReplacement().start(2, 9).state()]
    for other in [*wrong, {**state, "past": np.zeros(1)}]:
        with pytest.raises(DataError, match="sampler: expected arrays"):
            sampler.load(ring, other)
