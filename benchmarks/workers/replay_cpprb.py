"""Serves cpprb's buffers to the replay benchmark; samples are wrapped, not copied, into torch."""

import itertools
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from cpprb import (  # type: ignore[import, unused-ignore]
    PrioritizedReplayBuffer,
    ReplayBuffer,
)

from benchmarks.workers import replay_frames as atari
from benchmarks.workers import replay_rows as cartpole
from benchmarks.workers.replay_rows import CHUNK, Fields
from benchmarks.workers.replay_serving import Filled, serve

Arrays = dict[str, npt.NDArray[Any]]
COLUMNS = {
    "obs": {"shape": cartpole.CARTPOLE, "dtype": np.float32},
    "act": {"dtype": np.int64},
    "rew": {"dtype": np.float32},
    "next_obs": {"shape": cartpole.CARTPOLE, "dtype": np.float32},
    "done": {"dtype": np.float32},
}
FRAMES = {  # the stack is the last axis here
    **{name: COLUMNS[name] for name in ("act", "rew", "done")},
    "obs": {"shape": (atari.SIDE, atari.SIDE, atari.STACK), "dtype": np.uint8},
}
PIECE = 100  # rows a call, all of one episode


def uniform(rows: int) -> Filled:
    """CartPole's rows, drawn uniformly."""
    buffer = ReplayBuffer(rows, COLUMNS)
    fill(buffer, rows)
    sample = sampling(buffer)
    calls = {"sample": sample, "contiguous": cartpole.contiguous(sample)}
    return Filled(calls, partial(cartpole.check, sample))


def prioritised(rows: int) -> Filled:
    """The same rows, drawn by priority; every priority was set once."""
    buffer = PrioritizedReplayBuffer(rows, COLUMNS, alpha=0.6)
    fill(buffer, rows)
    errors = cartpole.td_errors().numpy()
    for first in range(0, rows, len(errors)):
        indexes = np.arange(first, min(rows, first + len(errors)))
        buffer.update_priorities(indexes, errors[: len(indexes)])

    def sample_and_update(size: int) -> None:
        drawn = buffer.sample(size, beta=0.4)
        fields(drawn)
        torch.from_numpy(drawn["weights"])
        buffer.update_priorities(drawn["indexes"], errors[:size])

    calls = {"sample and update": sample_and_update}
    return Filled(calls, partial(cartpole.check, sampling(buffer)))


def adding(rows: int, envs: int) -> Filled:
    """A full buffer that goes on taking one row of each environment a call."""
    buffer = ReplayBuffer(rows, COLUMNS)
    fill(buffer, rows, envs)
    more = itertools.cycle(list(map(named, cartpole.transitions(64 * envs, envs))))
    calls = {"add": lambda _: buffer.add(**next(more))}
    return Filled(calls, partial(cartpole.check, sampling(buffer)))


def frames(rows: int) -> Filled:
    """Atari's stacks of four, stored as single frames that `obs` and `next_obs` share."""
    buffer = ReplayBuffer(rows, FRAMES, next_of="obs", stack_compress="obs")
    for episode in atari.episodes(rows):
        arrays = named(episode)
        arrays |= {name: np.moveaxis(arrays[name], 1, -1) for name in ("obs", "next_obs")}
        for first in range(0, len(episode.action), PIECE):
            buffer.add(**{name: array[first : first + PIECE] for name, array in arrays.items()})
        buffer.on_episode_end()

    def sample(size: int) -> Fields:
        drawn = fields(buffer.sample(size))
        channels = (0, 3, 1, 2)  # lies in memory as learners want it, so this copies nothing
        return drawn._replace(
            obs=drawn.obs.permute(channels), next_obs=drawn.next_obs.permute(channels)
        )

    return Filled({"sample": sample}, partial(atari.check, sample))


def fill(buffer: ReplayBuffer, rows: int, size: int = CHUNK) -> None:
    """Adds CartPole's rows, `size` a call."""
    for chunk in cartpole.transitions(rows, size):
        buffer.add(**named(chunk))


def named(chunk: cartpole.Transitions | atari.Episode) -> Arrays:
    """Returns the columns under cpprb's names."""
    names = ("obs", "act", "rew", "next_obs", "done")
    return dict(zip(names, chunk[:5], strict=True))


def sampling(buffer: ReplayBuffer) -> cartpole.Sample:
    """Returns the buffer's `sample` as the check wants it."""
    return lambda size: fields(buffer.sample(size))


def fields(drawn: Arrays) -> Fields:
    """Returns the columns of a sample as tensors."""
    return Fields(*(torch.from_numpy(drawn[n]) for n in ("obs", "act", "rew", "next_obs", "done")))


if __name__ == "__main__":
    kinds = (uniform, prioritised, adding, frames)
    serve(version("cpprb"), {build.__name__: build for build in kinds})
