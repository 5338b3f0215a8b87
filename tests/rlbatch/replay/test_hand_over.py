"""Batches sent ahead are the buffer's own draws, whatever B does; here without a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import ConfigError, EmptyBufferError
from rlbatch.replay import Ahead, Laber, Prioritised, Recent, ReplayBuffer, WithoutReplacement
from rlbatch.types import Batch

BOX, MOVES = spaces.Box(-1.0, 1.0, (2,)), spaces.Discrete(2)


def filled(lanes: int | None = None, rows: int = 20, **settings: Any) -> ReplayBuffer:
    """A buffer whose rewards number its rows."""
    buffer = ReplayBuffer(16, BOX, MOVES, lanes, **settings)
    if rows:
        add(buffer, rows)
    return buffer


def add(buffer: ReplayBuffer, rows: int, reward: float = 0.0) -> None:
    lead = (rows,) if buffer.lanes is None else (buffer.lanes, rows)
    obs, flags = np.zeros((*lead, 2), np.float32), np.zeros(lead, bool)
    rewards = np.broadcast_to(reward + np.arange(rows), lead)
    buffer.add(obs, np.zeros(lead, int), rewards, obs, flags, flags)


def same(ours: Batch, theirs: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    lanes=st.sampled_from([None, 1, 3]),
    sampler=st.sampled_from([None, Recent(half_life=3), Prioritised()]),
    storage=st.sampled_from(["memory", "device"]),
)
def test_the_nth_call_draws_the_nth_counter_with_the_rows_asked_for(
    sizes: list[int], lanes: int | None, sampler: Any, storage: Any
) -> None:
    settings = {"sampler": sampler, "storage": storage}
    ahead, plain = Ahead(filled(lanes, **settings)), filled(lanes, **settings)
    for n, size in enumerate(sizes):
        batch = ahead.sample(size)
        assert set(batch.size.reshape(-1).tolist()) == {size}
        assert batch.row.shape[-1] == size
        assert (batch.row >= 0).all()
        assert same(batch, plain.sample(size, counter=n))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=8))
def test_lanes_may_ask_for_rows_of_their_own(sizes: list[tuple[int, int]]) -> None:
    ahead, plain = Ahead(filled(2)), filled(2)
    for own in sizes:
        batch = ahead.sample(own)
        assert batch.size.tolist() == list(own) == (batch.row >= 0).sum(1).tolist()
        assert same(batch, plain.sample(own))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.data())
def test_priorities_may_be_told_in_between(sizes: list[int], data: st.DataObject) -> None:
    buffer = filled(sampler=Prioritised(alpha=1.0))
    ahead, told = Ahead(buffer), np.zeros(16)
    for size in sizes:
        batch = ahead.sample(size)
        td_error = torch.tensor(data.draw(st.lists(st.floats(0, 9), min_size=size, max_size=size)))
        buffer.update_priorities(batch.row, td_error)
        told[batch.row.numpy() % 16] = td_error.numpy() + 1e-6
        assert batch.row.min() >= 4
    leaves = buffer.sampler.state()["leaves"][0, :16]
    np.testing.assert_allclose(leaves[told > 0], told[told > 0])  # type: ignore[arg-type]


def test_what_was_drawn_ahead_does_not_see_what_was_added_since() -> None:
    buffer = filled()
    ahead = Ahead(buffer)
    ahead.sample(6)
    before = buffer.sample(6, counter=1)
    add(buffer, 16, reward=100.0)
    assert same(ahead.sample(6), before)
    assert (ahead.sample(6).reward >= 100.0).all()


def test_a_draw_of_the_buffers_own_is_not_drawn_again() -> None:
    ahead, plain = Ahead(buffer := filled()), filled()
    for drawer in (ahead, buffer, ahead):
        assert same(drawer.sample(5), plain.sample(5))


def test_what_was_sent_ahead_is_dropped_where_a_state_is_loaded() -> None:
    buffer, other = filled(), filled(rows=3)
    other.sample(4)
    ahead = Ahead(buffer)
    ahead.sample(4)
    buffer.load_state_dict(other.state_dict())
    assert same(ahead.sample(4), other.sample(4))


def test_a_state_is_what_it_would_be_without() -> None:
    buffer, plain = filled(), filled()
    ahead = Ahead(buffer)
    for size in (4, 4, 7):
        for drawer in (ahead, plain):
            drawer.sample(size)
    ours, theirs = buffer.state_dict(), plain.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_refused_draw_leaves_no_gap() -> None:
    buffer = filled(rows=0)
    ahead = Ahead(buffer)
    with pytest.raises(EmptyBufferError):
        ahead.sample(2)
    with pytest.raises(ConfigError, match="at least 1 row"):
        ahead.sample(0)
    add(buffer, 5)
    assert same(ahead.sample(2), buffer.sample(2, counter=0))


@pytest.mark.parametrize("sampler", [WithoutReplacement(), Laber()])
def test_samplers_that_cannot_draw_twice_are_refused(sampler: Any) -> None:
    with pytest.raises(ConfigError, match=r"replay\.Ahead: expected a sampler that may draw twice"):
        Ahead(filled(sampler=sampler))


def test_a_buffer_that_counts_its_draws_is_refused() -> None:
    with pytest.raises(ConfigError, match="counts no draws"):
        Ahead(filled(accounting=True))
