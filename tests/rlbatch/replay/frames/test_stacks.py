"""Which stacks are taken, and that they come back in their own type, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

from rlbatch.errors import ConfigError, DataError
from rlbatch.replay import ReplayBuffer

K = 3  # frames a stack
SPACE = spaces.Box(0, 255, (K, 2, 2), np.uint8)


def test_a_frame_that_is_not_finite_is_refused() -> None:
    space = spaces.Box(-np.inf, np.inf, (K, 2), np.float32)
    buffer = ReplayBuffer(5, space, spaces.Discrete(4), frame_stack=K)
    obs = np.zeros((1, K, 2), np.float32)
    next_obs = np.full((1, K, 2), np.inf)
    with pytest.raises(DataError, match=r"replay\.next_obs \(lane 0, env 0, step 0\)"):
        buffer.add(obs, [0], [0.0], next_obs, [False], [False])
    assert len(buffer) == 0


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "float16", "float32", "float64"])
def test_frames_come_back_in_their_own_type(dtype: str) -> None:
    space = spaces.Box(0, 1, (K, 5), np.dtype(dtype).type)
    buffer = ReplayBuffer(5, space, spaces.Discrete(4), frame_stack=K)
    obs, next_obs = np.random.default_rng(0).integers(0, 2, (2, 1, K, 5)).astype(dtype)
    buffer.add(obs, [0], [0.0], torch.from_numpy(next_obs), [False], [False])
    batch = buffer.sample(2)
    assert batch.obs.dtype == getattr(torch, dtype)
    assert batch.obs.shape == (2, K, 5)
    assert (batch.obs[0].numpy() == obs[0]).all()
    assert (batch.next_obs[1].numpy() == next_obs[0]).all()


def test_zeros_of_either_sign_are_told_apart() -> None:
    space = spaces.Box(-1, 1, (2, 1), np.float32)
    buffer = ReplayBuffer(5, space, spaces.Discrete(4), frame_stack=2)
    obs = np.array([[[0.0], [-0.0]]], np.float32)
    buffer.add(obs, [0], [0.0], obs[:, ::-1], [False], [False])
    batch = buffer.whole()
    assert batch.obs.signbit().flatten().tolist() == [False, True]
    assert batch.next_obs.signbit().flatten().tolist() == [True, False]


def test_arrays_of_any_order_are_read_as_what_they_show() -> None:
    buffer = ReplayBuffer(5, SPACE, spaces.Discrete(4), frame_stack=K)
    obs = np.arange(12, dtype=np.uint8).reshape(2, 2, K).transpose(2, 0, 1)[None]
    obs.flags.writeable = False
    buffer.add(obs, [0], [0.0], obs.astype(np.uint16) + 1, [False], [False])
    assert buffer.whole().obs.numpy().tolist() == obs.tolist()
    assert buffer.whole().next_obs.numpy().tolist() == (obs + 1).tolist()


def test_padding_is_zeros() -> None:
    buffer = ReplayBuffer(5, SPACE, spaces.Discrete(4), 2, frame_stack=K)
    obs = np.arange(5, 8, dtype=np.uint8)[:, None, None].repeat(2, 1).repeat(2, 2)
    obs = np.stack([obs[None]] * 2)
    zeros = np.zeros((2, 1))
    buffer.add(obs, zeros.astype(int), zeros, obs, zeros > 0, zeros > 0)
    batch = buffer.sample([2, 1])
    assert (batch.obs[1, 1] == 0).all()
    assert (batch.next_obs[1, 1] == 0).all()
    assert (batch.obs[0, :, 0] == 5).all()


@pytest.mark.parametrize(
    ("space", "frames"),
    [
        (spaces.Dict(a=SPACE), K),
        (SPACE, K + 1),
        (SPACE, 0),
        (spaces.Box(0, 1, (K,)), K),
    ],
)
def test_only_a_box_of_so_many_frames_is_taken(space: spaces.Space[Any], frames: int) -> None:
    with pytest.raises(ConfigError, match=r"replay\.(obs_space|frame_stack)"):
        ReplayBuffer(5, space, spaces.Discrete(4), frame_stack=frames)
