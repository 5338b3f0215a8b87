"""Batches sent to a device are those made in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rlbatch.replay import Prioritised, ReplayBuffer
from rlbatch.replay.batches import Batches
from rlbatch.replay.sampling.sampler import Drawn

STACK = spaces.Box(0, 255, (2, 3, 3), np.uint8)
SIZES = np.array([2, 4])


def filled(lanes: int | None, **settings: Any) -> ReplayBuffer:
    """A buffer of twelve rows a lane."""
    buffer = ReplayBuffer(9, STACK, spaces.Discrete(2), lanes, **settings)
    lead = (3,) if lanes is None else (lanes, 3)
    draw = np.random.default_rng(0)
    for _ in range(4):
        obs, next_obs = draw.integers(0, 255, (2, *lead, 2, 3, 3), np.uint8)
        ended = np.zeros(lead, bool)
        buffer.add(obs, draw.integers(0, 2, lead), draw.random(lead), next_obs, ended, ended)
    return buffer


@pytest.mark.parametrize("lanes", [None, 2])
@pytest.mark.parametrize("frame_stack", [None, 2])
@pytest.mark.parametrize("sampler", [None, Prioritised(beta=1.0)])
def test_what_is_sent_is_what_would_have_been_made_here(
    lanes: int | None, frame_stack: int | None, sampler: Prioritised | None
) -> None:
    buffer = filled(lanes, frame_stack=frame_stack, sampler=sampler)
    whole = buffer.whole()
    buffer.update_priorities(whole.row, whole.reward)  # so that rows differ in weight
    memory, sizes = buffer._memory, SIZES[: lanes or 1]
    drawn = buffer.sampler.draw(memory.ring, np.arange(len(sizes)), sizes, sizes)
    assert isinstance(drawn, Drawn)
    batches = Batches(memory.layout, lanes, torch.device("cpu"), memory.frames)
    ring: Any = memory.ring
    ours, theirs = batches.batch(ring, drawn, sizes), batches._sent(ring, drawn, sizes)
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert ours.obs.dtype == theirs.obs.dtype == torch.uint8
