"""Random streams: a buffer of frames holds what one of whole stacks holds, and no more memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.replay import ReplayBuffer
from rlbatch.replay.frames.frames import Frames
from rlbatch.types import Batch

ACTIONS = spaces.Discrete(3)
Octets = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]


class Habits(NamedTuple):
    """How a stream of stacks goes on; each a share of steps."""

    pixel_values: int  # few: equal frames happen often
    ends: float
    jumps: float  # of next_obs from obs
    restarts: float  # of obs from the last next_obs
    left_out: float  # rows that do not count


REGULAR = Habits(256, 0.0, 0.0, 0.0, 0.0)


@dataclass
class Stream:
    """Random transitions of L × E environments, as arguments of `add`."""

    lead: tuple[int, int]
    frames: int  # a stack
    habits: Habits
    generator: np.random.Generator

    def steps(self, num: int) -> Iterator[tuple[Any, ...]]:
        habits, roll = self.habits, self.generator.random
        obs = self._pixels(self.frames)
        for _ in range(num):
            moved = np.concatenate([obs[:, :, 1:], self._pixels(1)], 2)
            next_obs = self._mixed(habits.jumps, self._pixels(self.frames), moved)
            terminated, truncated = roll((2, *self.lead)) < habits.ends / 2
            action, reward = self.generator.integers(3, size=self.lead), roll(self.lead)
            valid = roll(self.lead) >= habits.left_out
            yield obs, action, reward, next_obs, terminated, truncated, valid
            over = (terminated | truncated)[..., None, None, None]
            went_on = self._mixed(habits.restarts, self._pixels(self.frames), next_obs)
            obs = np.where(over, self._pixels(self.frames), went_on)

    def _pixels(self, frames: int) -> Octets:
        shape = *self.lead, frames, 2, 1
        return self.generator.integers(self.habits.pixel_values, size=shape).astype(np.uint8)

    def _mixed(self, share: float, one: Octets, other: Octets) -> Octets:
        return np.where(self.generator.random((*self.lead, 1, 1, 1)) < share, one, other)


@dataclass
class Case:
    """Settings of buffers, and a stream for them."""

    capacity: int
    stream: Stream
    settings: dict[str, Any]

    def made(self, **more: Any) -> ReplayBuffer:
        space = spaces.Box(0, 255, (self.stream.frames, 2, 1), np.uint8)
        settings = self.settings | more
        return ReplayBuffer(self.capacity, space, ACTIONS, self.stream.lead[0], **settings)

    def once(self) -> ReplayBuffer:
        return self.made(frame_stack=self.stream.frames)


@st.composite
def cases(draw: st.DrawFn, habits: Habits | None = None) -> Case:
    lead = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    share = st.sampled_from([0.0, 0.1, 0.4])
    own = habits or Habits(draw(st.integers(2, 4)), *(draw(share) for _ in range(4)))
    generator = np.random.default_rng(draw(st.integers(0, 999)))
    stream = Stream(lead, draw(st.integers(1, 4)), own, generator)
    validation = draw(st.sampled_from([None, 2, 3])) if habits is None else None
    settings = {"n_step": draw(st.integers(1, 3)), "validation": validation}
    return Case(draw(st.integers(1, 9)), stream, settings)


def frames_of(buffer: ReplayBuffer) -> Frames:
    frames = buffer._memory.frames
    assert frames is not None
    return frames


def agree(one: Batch, other: Batch) -> None:
    for mine, theirs in zip(one, other, strict=True):
        assert mine.dtype == theirs.dtype
        assert torch.equal(mine, theirs)


def compare(buffer: ReplayBuffer, other: ReplayBuffer, counter: int) -> None:
    """Every row of both, and what is drawn."""
    assert buffer.stored().tolist() == other.stored().tolist()
    if buffer.stored().any():
        agree(buffer.whole(), other.whole())
        sizes = 3 * (buffer.stored() > 0)
        agree(buffer.sample(sizes, counter), other.sample(sizes, counter))
    if buffer.described.validation is not None and buffer.stored(held_out=True).any():
        assert buffer.stored(held_out=True).tolist() == other.stored(held_out=True).tolist()
        agree(buffer.held_out(9, counter), other.held_out(9, counter))


def recount(buffer: ReplayBuffer) -> list[int]:
    """How many numbers in rows held refer into each block, from scratch."""
    frames, memory = frames_of(buffer), buffer._memory
    counts = np.zeros(len(frames.pool.blocks), np.int64)
    for ring in (memory.ring, memory.held_out):
        rows = np.zeros((1, 0, memory.layout.words), np.int64) if ring is None else ring.written()
        for lane, own in enumerate(rows):
            held = own[: 0 if ring is None else int(ring.fill[lane])]
            struct = held.view(memory.layout.struct)[:, 0]
            numbers = np.concatenate([struct["obs"].ravel(), struct["next_obs"].ravel()])
            np.add.at(counts, (numbers - 1) // frames.pool.block_frames, 1)
    found: list[int] = counts.tolist()
    return found


@given(cases(), st.integers(1, 60))
def test_every_row_is_the_one_of_a_buffer_of_whole_stacks(case: Case, steps: int) -> None:
    once, whole = case.once(), case.made()
    for counter, step in enumerate(case.stream.steps(steps)):
        once.add(*step)
        whole.add(*step)
        if counter % 5 == 0 or counter == steps - 1:
            compare(once, whole, counter)


@given(cases(), st.integers(1, 60))
def test_numbers_in_rows_are_counted_as_from_scratch(case: Case, steps: int) -> None:
    buffer = case.once()
    for step in case.stream.steps(steps):
        buffer.add(*step)
    assert frames_of(buffer).pool.counts.tolist() == recount(buffer)


@given(cases(), st.integers(0, 30), st.integers(1, 30), st.booleans())
def test_a_loaded_buffer_goes_on_as_the_saved_one(
    case: Case, before: int, after: int, over_another: bool
) -> None:
    buffer, loaded = case.once(), case.once()
    stream = case.stream.steps(before + after)
    for _ in range(before):
        buffer.add(*next(stream))
    if over_another:
        for step in Stream(case.stream.lead, *list(vars(case.stream).values())[1:]).steps(20):
            loaded.add(*step)
    loaded.load_state_dict(buffer.state_dict())
    for counter, step in enumerate(stream):
        buffer.add(*step)
        loaded.add(*step)
        assert frames_of(loaded).pool.counts.tolist() == recount(loaded)
        compare(loaded, buffer, counter)


@given(cases(), st.integers(1, 30))
def test_a_file_holds_all_frames(case: Case, steps: int) -> None:
    buffer = case.once()
    stream = case.stream.steps(steps + 9)
    for _ in range(steps):
        buffer.add(*next(stream))
    with TemporaryDirectory() as folder:
        buffer.save(Path(folder) / "buffer")
        loaded = ReplayBuffer.load(Path(folder) / "buffer")
    compare(loaded, buffer, 0)
    for counter, step in enumerate(stream):
        buffer.add(*step)
        loaded.add(*step)
        compare(loaded, buffer, counter)


@given(cases(REGULAR), st.integers(0, 40))
def test_a_stream_that_moves_on_by_a_frame_needs_a_frame_a_row(case: Case, more: int) -> None:
    buffer = case.once()
    (lanes, envs), pool = case.stream.lead, frames_of(buffer).pool
    for step in case.stream.steps(5 * case.capacity + more):
        buffer.add(*step)
    rows = case.capacity + envs * case.settings["n_step"]  # and those whose windows are open
    frames = rows + envs * case.stream.frames
    most = -(-frames // pool.block_frames) + 2  # the block being filled, and one partly needed
    assert len(pool.blocks) <= lanes * most


@given(cases(), st.integers(20, 60))
def test_no_stream_makes_it_grow_for_ever(case: Case, steps: int) -> None:
    buffer = case.once()
    (lanes, envs), depth = case.stream.lead, case.stream.frames
    for step in case.stream.steps(steps):
        buffer.add(*step)
    held = 2 * case.capacity + envs * (case.settings["n_step"] + 2)  # rows, at the very most
    pool = frames_of(buffer).pool
    assert len(pool.blocks) * pool.block_frames <= 2 * lanes * (2 * depth * held + 4)
