"""A state that leads to frames that are not there is refused, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor

from rlbatch.errors import DataError
from rlbatch.replay import ReplayBuffer

State = dict[str, Tensor]
FIRST = 1  # word of a row that holds its first number


def made(n_step: int = 1) -> ReplayBuffer:
    """Blocks of two frames of one byte, in stacks of two."""
    space = spaces.Box(0, 255, (2, 1), np.uint8)
    return ReplayBuffer(8, space, spaces.Discrete(4), frame_stack=2, n_step=n_step)


def filled(n_step: int = 1) -> ReplayBuffer:
    """Six frames in three blocks."""
    buffer = made(n_step)
    for t in range(4):
        obs = np.array([[[t], [t + 1]]], np.uint8)
        buffer.add(obs, [0], [0.0], obs + 1, [False], [False])
    return buffer


def altered(name: str, *at: int, to: int) -> Callable[[State], None]:
    def alter(state: State) -> None:
        state[f"frames.{name}" if name not in ("rows", "n_step.rows") else name][at] = to

    return alter


def without(name: str) -> Callable[[State], None]:
    def alter(state: State) -> None:
        del state[f"frames.{name}"]

    return alter


def replaced(name: str, by: Tensor) -> Callable[[State], None]:
    def alter(state: State) -> None:
        state[f"frames.{name}"] = by

    return alter


@pytest.mark.parametrize(
    ("alter", "told"),
    [
        (
            without("last"),
            "expected the arrays last, running, blocks, current, filled, got no last",
        ),
        (without("block.1"), "numbers that lead to frames"),
        (replaced("block.1", torch.zeros(3, dtype=torch.uint8)), r"block\.1: expected 2 bytes"),
        (replaced("block.1", torch.zeros(2)), r"block\.1: expected 2 bytes"),
        (replaced("blocks", torch.zeros(2)), "blocks: expected one count"),
        (altered("blocks", 0, to=2), "2 streams, each with a block of its own"),
        (altered("rows", 0, 2, FIRST, to=7), "numbers that lead to frames"),
        (altered("rows", 0, 2, FIRST, to=-1), "numbers that lead to frames"),
        (altered("rows", 0, 2, FIRST + 3, to=7), "numbers that lead to frames"),
        (altered("last", 0, 0, 1, to=0), "numbers that lead to frames"),
        (altered("last", 0, 0, 1, to=7), "numbers that lead to frames"),
        (replaced("last", torch.zeros(1, 1, 3).long()), r"expected running \[1, E\]"),
        (replaced("running", torch.zeros(2, 1).bool()), r"expected running \[1, E\]"),
        (altered("current", 1, to=2), "2 streams, each with a block of its own"),
        (altered("current", 0, to=3), "2 streams, each with a block of its own"),
        (altered("current", 0, to=-2), "2 streams, each with a block of its own"),
        (altered("filled", 0, to=3), "2 streams, each with a block of its own"),
        (altered("filled", 0, to=-1), "2 streams, each with a block of its own"),
        (altered("filled", 1, to=0), "2 streams, each with a block of its own"),
        (replaced("filled", torch.zeros(3)), "2 streams, each with a block of its own"),
    ],
)
def test_what_leads_nowhere_is_refused(alter: Callable[[State], None], told: str) -> None:
    state, buffer = filled().state_dict(), made()
    buffer.load_state_dict(state)
    before = buffer.state_dict()
    alter(state)
    with pytest.raises(DataError, match=told):
        buffer.load_state_dict(state)
    after = buffer.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_windows_that_lead_nowhere_are_refused() -> None:
    state = filled(3).state_dict()
    state["n_step.rows"][0, 0, 1, FIRST] = 99
    with pytest.raises(DataError, match="numbers that lead to frames"):
        made(3).load_state_dict(state)


def test_a_state_has_the_blocks_in_use_and_no_others() -> None:
    buffer = filled()
    for t in range(40):
        obs = np.array([[[t], [t + 1]]], np.uint8)
        buffer.add(obs, [0], [0.0], obs + 1, [t % 10 != 3], [False])
    obs = np.full((1, 2, 1), 9, np.uint8)
    for _ in range(9):
        buffer.add(obs, [0], [0.0], obs, [False], [False])
    state = buffer.state_dict()
    blocks = sum(name.startswith("frames.block.") for name in state)
    assert blocks < int(state["frames.blocks"])
    loaded = made()
    loaded.load_state_dict(state)
    assert torch.equal(loaded.whole().next_obs, buffer.whole().next_obs)
