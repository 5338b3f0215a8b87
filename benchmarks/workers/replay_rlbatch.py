"""Serves rlbatch's buffers to the replay benchmark."""

import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from gymnasium.spaces import Box, Discrete

from benchmarks.workers import replay_frames as atari
from benchmarks.workers import replay_rows as cartpole
from benchmarks.workers.replay_rows import CHUNK, Fields
from benchmarks.workers.replay_serving import Filled, serve
from rlbatch import ReplayBuffer, __version__
from rlbatch.replay import Prioritised
from rlbatch.types import Batch

WIDE = 404  # numbers of an observation on disk: 3248 bytes a row


def uniform(rows: int) -> Filled:
    """CartPole's rows, drawn uniformly."""
    buffer = ReplayBuffer(rows, box(cartpole.CARTPOLE), Discrete(2))
    fill(buffer, rows)
    sample = sampling(buffer)
    calls = {
        "sample": sample,
        "contiguous": cartpole.contiguous(sample),
        "reused": lambda size: fields(buffer.sample(size, reuse=True)),
    }
    return Filled(calls, partial(cartpole.check, sample), buffer.nbytes)


def prioritised(rows: int) -> Filled:
    """The same rows, drawn by priority; every priority was set once."""
    sampler = Prioritised(alpha=0.6, beta=0.4)
    buffer = ReplayBuffer(rows, box(cartpole.CARTPOLE), Discrete(2), sampler=sampler)
    fill(buffer, rows)
    errors = cartpole.td_errors()
    for first in range(0, rows, len(errors)):
        numbers = torch.arange(first, min(rows, first + len(errors)))
        buffer.update_priorities(numbers, errors[: len(numbers)])

    def sample_and_update(size: int, *, reuse: bool = False) -> None:
        drawn = buffer.sample(size, reuse=reuse)
        buffer.update_priorities(drawn.row, errors[:size])

    again = partial(sample_and_update, reuse=True)
    calls: dict[str, Callable[[int], object]] = {"sample and update": sample_and_update}
    calls["reused"] = again
    return Filled(calls, partial(cartpole.check, sampling(buffer)), buffer.nbytes)


def adding(rows: int, envs: int) -> Filled:
    """A full buffer that goes on taking one row of each environment a call."""
    buffer = ReplayBuffer(rows, box(cartpole.CARTPOLE), Discrete(2))
    fill(buffer, rows, envs)
    more = itertools.cycle(list(cartpole.transitions(64 * envs, envs)))
    calls = {"add": lambda _: buffer.add(*next(more))}
    return Filled(calls, partial(cartpole.check, sampling(buffer)), buffer.nbytes)


def frames(rows: int) -> Filled:
    """Atari's stacks of four, stored as single frames; one row a call."""
    space = Box(0, 255, (atari.STACK, atari.SIDE, atari.SIDE), np.uint8)
    buffer = ReplayBuffer(rows, space, Discrete(atari.ACTIONS), frame_stack=atari.STACK)
    for episode in atari.episodes(rows):
        for t in range(len(episode.action)):
            buffer.add(*(column[t : t + 1] for column in episode))
    sample = sampling(buffer)
    return Filled({"sample": sample}, partial(atari.check, sample), buffer.nbytes)


def disk(rows: int, folder: str) -> Filled:
    """Wide rows in files of a folder, each number of rows in a folder of its own."""
    path = Path(folder) / str(rows)
    buffer = ReplayBuffer(rows, box(WIDE), Discrete(2), path=path)
    for chunk in cartpole.transitions(rows, CHUNK, WIDE):
        buffer.add(*chunk)
    sample = sampling(buffer)
    return Filled({"sample": sample}, partial(cartpole.check, sample), buffer.nbytes)


def box(width: int) -> Box:
    """Returns an unbounded space of so many float32 numbers."""
    return Box(-np.inf, np.inf, (width,), np.float32)


def fill(buffer: ReplayBuffer, rows: int, size: int = CHUNK) -> None:
    """Adds CartPole's rows, `size` a call."""
    for chunk in cartpole.transitions(rows, size):
        buffer.add(*chunk)


def sampling(buffer: ReplayBuffer) -> cartpole.Sample:
    """Returns the buffer's `sample` as the check wants it."""
    return lambda size: fields(buffer.sample(size))


def fields(drawn: Batch) -> Fields:
    """Returns the columns of a batch."""
    return Fields(drawn.obs, drawn.action, drawn.reward, drawn.next_obs, drawn.discount)


if __name__ == "__main__":
    kinds = (uniform, prioritised, adding, frames, disk)
    serve(__version__, {build.__name__: build for build in kinds})
