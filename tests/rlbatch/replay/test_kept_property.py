"""A buffer on disk against its twin in memory, through flushes, reopenings and crashes.

A crash is a copy of the folder at any moment: what a process that is killed leaves behind.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.replay import Laber, Prioritised, Recent, ReplayBuffer, Sequential, WithoutReplacement
from rlbatch.replay.kept import Kept
from rlbatch.replay.storage import disk_ring
from rlbatch.types import Batch

LINE = spaces.Box(-np.inf, np.inf, (2,), np.float32)
FRAMES = spaces.Box(0, 255, (2, 1, 3), np.uint8)
THREE = spaces.Discrete(3)
SAMPLERS = (
    None,
    Prioritised(alpha=0.5, beta_updates=4),
    Laber(ratio=2),
    Recent(half_life=3),
    WithoutReplacement(),
    Sequential(),
)
OPERATIONS = ("add", "add", "add", "add", "sample", "sample", "flush", "reopen", "crash", "load")


@st.composite
def settings(draw: st.DrawFn) -> dict[str, Any]:
    framed = draw(st.booleans())
    return {
        "capacity": draw(st.integers(1, 9)),
        "obs_space": FRAMES if framed else LINE,
        "action_space": THREE,
        "lanes": 2,
        "n_step": draw(st.integers(1, 3)),
        "sampler": draw(st.sampled_from(SAMPLERS)),
        "frame_stack": 2 if framed else None,
        "validation": draw(st.sampled_from([None, 2])),
        "accounting": draw(st.booleans()),
    }


class Mirror:
    """A buffer in a folder, its twin in memory, and what the twin was at the last flush."""

    def __init__(self, told: dict[str, Any], root: Path, num_envs: int, seed: int) -> None:
        self.told, self.root, self.folders, self.num_envs = told, root, 0, num_envs
        self.generator = np.random.default_rng(seed)
        self.twin, self.state = ReplayBuffer(**told), ReplayBuffer(**told).state_dict()
        self.stack = np.zeros((2, num_envs, *told["obs_space"].shape), told["obs_space"].dtype)
        with self.noted():
            self.buffer = ReplayBuffer(**told, path=root / "0")
            self.ask()
            self.add()  # before which nobody knows how many environments there are
            self.flush()

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Within, whenever the buffer is flushed, the twin's state is kept; slots are scarce."""
        flush = Kept.flush

        def noting(kept: Kept) -> None:
            flush(kept)
            self.state = self.twin.state_dict()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Kept, "flush", noting)
            patch.setattr(disk_ring, "LEAST", 1)
            yield

    def ask(self) -> None:
        """Gives both whom LaBER asks."""
        for buffer in (self.buffer, self.twin):
            buffer.surrogate(lambda batch: batch.reward)

    def add(self) -> None:
        """Random transitions, most of which move on by one frame."""
        lead, generator = (2, self.num_envs), self.generator
        obs, next_obs = generator.integers(3, size=(2, *self.stack.shape)).astype(self.stack.dtype)
        if generator.random() < 0.8:
            obs = self.stack
            next_obs[:, :, :-1] = obs[:, :, 1:]
        self.stack = next_obs
        reward, action = generator.normal(size=lead), generator.integers(3, size=lead)
        ends = generator.random((2, *lead)) < 0.2
        valid: npt.NDArray[np.bool_] = generator.random(lead) < 0.8
        for buffer in (self.buffer, self.twin):
            buffer.add(obs, action, reward, next_obs, ends[0], ends[1], valid)

    def sample(self) -> None:
        """One draw and its TD errors, where there is anything to draw."""
        sizes = np.minimum(self.twin.stored(), 3)
        if sizes.any():
            mine, other = self.buffer.sample(sizes), self.twin.sample(sizes)
            assert same(mine, other)
            for buffer in (self.buffer, self.twin):
                buffer.update_priorities(mine.row, mine.reward * 2.0)

    def flush(self) -> None:
        self.buffer.flush()

    def reopen(self) -> None:
        """Flushes, and opens the folder anew."""
        self.buffer.flush()
        del self.buffer
        self.buffer = ReplayBuffer.load(self.root / str(self.folders))
        self.ask()

    def crash(self) -> None:
        """Goes on from a copy of the folder as it lies there; the twin goes back to the flush."""
        self.folders += 1
        shutil.copytree(self.root / str(self.folders - 1), self.root / str(self.folders))
        self.buffer = ReplayBuffer.load(self.root / str(self.folders))
        self.twin = ReplayBuffer(**self.told)
        self.twin.load_state_dict(self.state)
        self.ask()

    def load(self) -> None:
        """Takes the twin's state as a whole."""
        self.buffer.load_state_dict(self.twin.state_dict())

    def agree(self) -> None:
        """Is all that can be told of the two the same?"""
        mine, other = self.buffer.state_dict(), self.twin.state_dict()
        assert mine.keys() - frames(mine) == other.keys() - frames(other)
        if self.twin.described.frame_stack is None:
            assert all(torch.equal(mine[name], other[name]) for name in mine)
        assert self.buffer.stored().tolist() == self.twin.stored().tolist()
        if self.twin.stored().any():
            assert same(self.buffer.whole(), self.twin.whole())
        if self.twin.described.validation and self.twin.stored(held_out=True).any():
            assert same(self.buffer.held_out(4, 1), self.twin.held_out(4, 1))


def frames(state: dict[str, torch.Tensor]) -> set[str]:
    """Blocks of frames: which of them are used depends on the flushes."""
    return {name for name in state if name.startswith("frames.block.")}


def same(one: Batch, other: Batch) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@given(
    settings(),
    st.integers(1, 4),
    st.integers(0, 999),
    st.lists(st.sampled_from(OPERATIONS), min_size=5, max_size=40),
)
def test_on_disk_all_is_as_in_memory_and_a_crash_leaves_the_last_flush(
    told: dict[str, Any], num_envs: int, seed: int, operations: list[str]
) -> None:
    with TemporaryDirectory() as root:
        mirror = Mirror(told, Path(root), num_envs, seed)
        with mirror.noted():
            for operation in [*operations, "crash"]:
                getattr(mirror, operation)()
                mirror.agree()
            del mirror.buffer
