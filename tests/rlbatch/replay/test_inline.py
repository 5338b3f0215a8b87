"""Rows that a program adds and draws are those of `add` and `sample`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rlbatch.replay import ReplayBuffer
from rlbatch.replay.inline import InlineRows, Stretch, inline_rows
from rlbatch.types import Batch

LANES, SEEDS = 2, [5, 9]
BOX, MOVES = spaces.Box(-1.0, 1.0, (3,)), spaces.Discrete(4)


def buffer(capacity: int = 20, **own: Any) -> ReplayBuffer:
    told: dict[str, Any] = {"lanes": LANES, "seed": SEEDS, "storage": "device"} | own
    return ReplayBuffer(capacity, BOX, MOVES, **told)


def stretch(steps: int, envs: int, draw: torch.Generator) -> Stretch:
    """Steps of all environments, of which about a third end an episode."""
    shape = steps, LANES, envs
    obs, next_obs = (torch.rand((*shape, 3), generator=draw) for _ in range(2))
    action = torch.randint(4, shape, generator=draw)
    ends = (torch.rand(shape, generator=draw) < 0.2 for _ in range(2))
    return Stretch(obs, action, torch.rand(shape, generator=draw), next_obs, *ends)


def rows_of(held: ReplayBuffer, envs: int) -> InlineRows:
    rows = inline_rows(held, envs)
    assert rows is not None
    return rows


def write(rows: InlineRows, told: Stretch) -> None:
    """As a loop does: the host counts, the device writes."""
    head = torch.tensor(rows.head)
    rows.passed(told.reward.shape[0] * told.reward.shape[2])
    rows.write(head, told)


def add(held: ReplayBuffer, told: Stretch) -> None:
    for t in range(len(told.reward)):
        held.add(*(column[t] for column in told))


def equal(mine: Batch, theirs: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))


def state(held: ReplayBuffer) -> dict[str, Tensor]:
    return held.state_dict()


@settings(deadline=None, max_examples=40)
@given(
    envs=st.integers(1, 3),
    lengths=st.lists(st.tuples(st.booleans(), st.integers(1, 6)), min_size=1, max_size=8),
    seed=st.integers(0, 2**32),
)
def test_a_buffer_holds_the_same_whoever_wrote(
    envs: int, lengths: Sequence[tuple[bool, int]], seed: int
) -> None:
    """Programs and calls take turns, round the ring and across episodes."""
    ours, theirs = buffer(), buffer()
    rows, draw, inside = rows_of(ours, envs), torch.Generator().manual_seed(seed), False
    for inline, steps in lengths:
        told = stretch(steps, envs, draw)
        add(theirs, told)
        if inline and not inside:
            rows.enter()
        if inside and not inline:
            rows.leave()
        inside = inline
        if inline:
            write(rows, told)
        else:
            add(ours, told)
    if inside:
        rows.leave()
    mine, expected = state(ours), state(theirs)
    assert mine.keys() == expected.keys()
    assert all(torch.equal(mine[name], expected[name]) for name in expected)


@pytest.mark.parametrize("steps", [1, 5, 12])
@pytest.mark.parametrize("sizes", [[7, 7], [3, 7], [7, 1]])
def test_a_draw_is_that_of_the_uniform_sampler(steps: int, sizes: list[int]) -> None:
    held = buffer(capacity=20)
    add(held, stretch(steps, 3, torch.Generator().manual_seed(1)))
    rows = rows_of(held, 3)
    told = torch.tensor(rows.head), torch.tensor(77), torch.tensor(sizes)
    assert equal(rows.draw(*told, max(sizes)), held.sample(sizes, 77))


def test_lanes_that_were_given_unlike_numbers_of_rows_are_not_even() -> None:
    held = buffer()
    rows = rows_of(held, 1)
    add(held, stretch(2, 1, torch.Generator()))
    assert rows.even
    one = Stretch(*(column[0] for column in stretch(1, 1, torch.Generator())))
    held.add(*one, valid=[[True], [False]])
    assert not rows.even


@pytest.mark.parametrize("own", [{"n_step": 2}, {"validation": 3}, {"storage": "memory"}])
def test_what_needs_the_host_is_no_part_of_a_program(own: dict[str, Any]) -> None:
    assert inline_rows(buffer(**own), 1) is None
