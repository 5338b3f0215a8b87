"""Random numbers are a pure function of (seed, purpose, counter, i), the same everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import vmap

from rlbatch.seeding import (
    Purpose,
    bits,
    bits_numpy,
    bits_torch,
    draw_counter,
    stream_bits,
    uniform,
    uniform_ahead,
    uniform_torch,
)

WORD = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
SEEDS = st.integers(-(2**63), 2**63 - 1)
COUNTERS = st.integers(0, 2**62)
PURPOSES = st.sampled_from(list(Purpose))


def mix(z: int) -> int:
    """SplitMix64's finaliser in Python integers, from the paper."""
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & WORD
    return z ^ (z >> 31)


def word(seed: int, purpose: int, counter: int, i: int) -> int:
    """The formula of the module's docstring in Python integers."""
    key = mix(mix(mix(seed + GOLDEN & WORD) + GOLDEN * purpose & WORD) + GOLDEN * counter & WORD)
    return mix(key + GOLDEN * (i + 1) & WORD)


def test_a_stream_gives_the_published_numbers_of_splitmix64() -> None:
    zero = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    other = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [int(stream_bits(np.uint64(0), i)) for i in range(3)] == zero
    assert [int(stream_bits(np.uint64(1234567), i)) for i in range(3)] == other


@given(SEEDS, PURPOSES, COUNTERS)
def test_numba_numpy_torch_and_the_formula_give_the_same_bits(
    seed: int, purpose: Purpose, counter: int
) -> None:
    wanted = [word(seed, purpose, counter, i) for i in range(3)]
    signed = bits_torch(torch.tensor(seed), purpose, counter, 3)
    assert bits(seed, purpose, counter, 3).tolist() == wanted
    assert bits_numpy(seed, purpose, counter, 3).tolist() == wanted
    assert signed.numpy().view(np.uint64).tolist() == wanted


@given(SEEDS, PURPOSES, COUNTERS)
def test_uniform_numbers_are_the_top_53_bits(seed: int, purpose: Purpose, counter: int) -> None:
    wanted = [(word(seed, purpose, counter, i) >> 11) / 2**53 for i in range(3)]
    assert uniform(seed, purpose, counter, 3).tolist() == wanted
    assert uniform_torch(torch.tensor(seed), purpose, counter, 3).tolist() == wanted


def test_few_numbers_are_the_prefix_of_many() -> None:
    assert (bits(3, Purpose.DRAW, 7, 32) == bits(3, Purpose.DRAW, 7, 512)[:32]).all()


def test_a_lane_does_not_depend_on_its_neighbours() -> None:
    lanes = bits([5, 6, 7], Purpose.DRAW, [1, 2, 3], 4)
    assert lanes.shape == (3, 4)
    assert (lanes[1] == bits(6, Purpose.DRAW, 2, 4)).all()


def test_seeds_and_counters_broadcast() -> None:
    both = bits(np.array([[1], [2]]), Purpose.DRAW, np.array([0, 1, 2]), 2)
    assert both.shape == (2, 3, 2)
    assert (both[1, 2] == bits(2, Purpose.DRAW, 2, 2)).all()


def test_numbers_ahead_are_those_of_the_next_counters() -> None:
    seeds, counters = np.array([[3, 4], [5, 6]]), np.array([[0, 9], [2, 7]])
    told = uniform_ahead(seeds, Purpose.RESET, counters, 3, 4)
    assert told.shape == (2, 2, 3, 4)
    for k in range(3):
        assert np.array_equal(told[:, :, k], uniform(seeds, Purpose.RESET, counters + k + 1, 4))


@pytest.mark.parametrize("counters", [np.array([7, 8]), np.array([7, 8], np.int32), [7, 8]])
def test_one_number_a_lane_is_drawn_alike_however_it_is_told(counters: Any) -> None:
    told = bits(np.array([3, 4]), Purpose.LOSS, counters, 2)
    for lane, (seed, counter) in enumerate([(3, 7), (4, 8)]):
        assert np.array_equal(told[lane], bits(seed, Purpose.LOSS, counter, 2))


def test_torch_gives_the_same_bits_under_vmap() -> None:
    seeds = torch.tensor([4, -5, 6])
    stacked = vmap(lambda seed: bits_torch(seed, Purpose.LOSS, 9, 5))(seeds)
    assert torch.equal(stacked, bits_torch(seeds, Purpose.LOSS, 9, 5))
    assert torch.equal(stacked[1], bits_torch(seeds[1], Purpose.LOSS, 9, 5))


def test_no_two_seeds_purposes_or_counters_share_a_stream() -> None:
    grid = [(seed, p, counter) for seed in range(20) for p in Purpose for counter in range(20)]
    numbers = {int(bits(seed, p, counter, 1)[0]) for seed, p, counter in grid}
    assert len(numbers) == len(grid)


def test_neighbouring_streams_are_uncorrelated_and_uniform() -> None:
    drawn = uniform(np.arange(200), Purpose.DRAW, 0, 500) - 0.5
    lag = (drawn[1:] * drawn[:-1]).mean() * 12  # a correlation; standard error 1/√99500
    assert abs(drawn.mean()) < 4 / np.sqrt(12 * drawn.size)
    assert abs(lag) < 4 / np.sqrt(drawn[1:].size)


def test_uniform_numbers_fill_ten_bins_evenly() -> None:
    drawn = uniform(1, Purpose.DRAW, 0, 10_000)
    counts = np.histogram(drawn, 10, (0.0, 1.0))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 27.9  # χ² of 9 degrees, p = 0.001
    assert drawn.min() >= 0.0
    assert drawn.max() < 1.0


def test_draw_counters_are_one_number_for_each_pair() -> None:
    counters = [int(draw_counter(step, update)) for step in range(9) for update in range(9)]
    assert len(set(counters)) == 81
    assert draw_counter([0, 1], 2).shape == (2,)
