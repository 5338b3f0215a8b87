"""One pass from a wanted size to a batch, and tensors that are used again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import EmptyBufferError
from rlbatch.replay import Prioritised, Recent, ReplayBuffer, Uniform, WithoutReplacement
from rlbatch.types import Batch

OBS, ACTIONS = spaces.Box(-np.inf, np.inf, (3,), np.float32), spaces.Discrete(5)


def filled(num: int, lanes: int | None = None, **more: Any) -> ReplayBuffer:
    """A buffer of 50 rows a lane to which `num` were given."""
    buffer, rng = ReplayBuffer(50, OBS, ACTIONS, lanes, seed=7, **more), np.random.default_rng(0)
    lead = (num,) if lanes is None else (lanes, num)
    obs, after = rng.normal(size=(2, *lead, 3)).astype(np.float32)
    ends = rng.random((2, *lead)) < 0.2
    buffer.add(obs, rng.integers(0, 5, lead), rng.normal(size=lead), after, *ends)
    return buffer


def equal(one: Batch, other: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@given(st.integers(1, 120), st.none() | st.integers(1, 3), st.integers(1, 200), st.integers(0, 9))
def test_one_pass_draws_what_the_sampler_and_the_gather_draw(
    num: int, lanes: int | None, size: int, counter: int
) -> None:
    buffer = filled(num, lanes)
    fresh, again = buffer.sample(size, counter), buffer.sample(size, counter, reuse=True)
    assert equal(fresh, buffer.peek(size, counter))  # which takes two passes
    assert equal(again, fresh)


@pytest.mark.parametrize("sampler", [Uniform(), Prioritised(), Recent(half_life=5)])
def test_tensors_are_used_again_for_one_width_and_only_where_that_was_asked_for(
    sampler: Any,
) -> None:
    buffer = filled(60, sampler=sampler)
    first, own = buffer.sample(8, 1, reuse=True), buffer.sample(8, 1)
    wide = buffer.sample(9, 1, reuse=True)
    second = buffer.sample(8, 2, reuse=True)
    assert first.obs is second.obs
    assert equal(second, buffer.sample(8, 2))
    assert equal(own, buffer.sample(8, 1))
    assert equal(wide, buffer.sample(9, 1))


def test_used_again_a_block_of_uneven_lanes_shows_each_its_own_size() -> None:
    buffer = filled(60, 2)
    for sizes in ([3, 8], [8, 1], [0, 8]):
        assert equal(buffer.sample(sizes, 4, reuse=True), buffer.sample(sizes, 4))


def test_used_again_draws_without_replacement_go_on() -> None:
    one, other = (filled(50, sampler=WithoutReplacement()) for _ in range(2))
    for _ in range(12):
        assert equal(one.sample(9, reuse=True), other.sample(9))


def test_the_buffers_own_counter_moves_on_either_way() -> None:
    one, other = filled(60), filled(60)
    for _ in range(3):
        assert equal(one.sample(4, reuse=True), other.sample(4))


def test_an_empty_lane_is_named() -> None:
    with pytest.raises(EmptyBufferError, match="0 in lane 0"):
        ReplayBuffer(5, OBS, ACTIONS, 2).sample(3, reuse=True)
