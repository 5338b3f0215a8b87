"""Serves Tianshou's buffers to the replay benchmark; samples are wrapped, not copied, into torch.

A buffer of one environment takes one row a call. With frames stored once, `obs_next` is looked up
in the next slot, so at an episode's end the row's own stack comes in its place.
"""

import itertools
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from tianshou.data import (  # type: ignore[import, unused-ignore]
    Batch,
    PrioritizedReplayBuffer,
    ReplayBuffer,
    VectorReplayBuffer,
)

from benchmarks.workers import replay_frames as atari
from benchmarks.workers import replay_rows as cartpole
from benchmarks.workers.replay_rows import Fields
from benchmarks.workers.replay_serving import Call, Filled, serve


def uniform(rows: int) -> Filled:
    """CartPole's rows, drawn uniformly."""
    buffer = ReplayBuffer(rows)
    fill(buffer, rows)
    sample = sampling(buffer)
    calls = {"sample": sample, "contiguous": cartpole.contiguous(sample)}
    return Filled(calls, partial(cartpole.check, sample))


def prioritised(rows: int) -> Filled:
    """The same rows, drawn by priority; every priority was set once."""
    buffer = PrioritizedReplayBuffer(rows, alpha=0.6, beta=0.4)
    fill(buffer, rows)
    errors = cartpole.td_errors()
    for first in range(0, rows, len(errors)):
        indices = np.arange(first, min(rows, first + len(errors)))
        buffer.update_weight(indices, errors[: len(indices)])

    def sample_and_update(size: int) -> None:
        drawn, indices = buffer.sample(size)
        fields(drawn)
        torch.from_numpy(drawn.weight)
        buffer.update_weight(indices, errors[:size])

    calls = {"sample and update": sample_and_update}
    return Filled(calls, partial(cartpole.check, sampling(buffer)))


def adding(rows: int, envs: int) -> Filled:
    """A full buffer that goes on taking one row of each environment a call."""
    if envs == 1:
        buffer = ReplayBuffer(rows)
        fill(buffer, rows)
        single = itertools.cycle(list(singles(64)))
        calls: dict[str, Call] = {"add": lambda _: buffer.add(batch(next(single)))}
    else:
        buffer, ids = VectorReplayBuffer(rows, envs), np.arange(envs)
        for chunk in cartpole.transitions(rows, envs):
            buffer.add(batch(chunk), buffer_ids=ids)
        more = itertools.cycle(list(cartpole.transitions(64 * envs, envs)))
        calls = {"add": lambda _: buffer.add(batch(next(more)), buffer_ids=ids)}
    return Filled(calls, partial(cartpole.check, sampling(buffer)))


def frames(rows: int) -> Filled:
    """Atari's stacks of four, stored as single frames."""
    buffer = ReplayBuffer(
        rows, stack_num=atari.STACK, ignore_obs_next=True, save_only_last_obs=True
    )
    for episode in atari.episodes(rows):
        for row in zip(*episode, strict=True):
            buffer.add(batch(row))
    sample = sampling(buffer)
    return Filled({"sample": sample}, partial(atari.check, sample))


def fill(buffer: ReplayBuffer, rows: int) -> None:
    """Adds CartPole's rows, one a call."""
    for row in singles(rows):
        buffer.add(batch(row))


def singles(rows: int) -> Iterator[tuple[Any, ...]]:
    """Yields CartPole's rows one by one, without the axis over environments."""
    for chunk in cartpole.transitions(rows):
        yield from zip(*chunk, strict=True)


def batch(row: tuple[Any, ...]) -> Batch:
    """Returns what `add` takes, of one row or of one of each environment."""
    obs, action, reward, next_obs, terminated, truncated = row
    return Batch(
        obs=obs,
        act=action,
        rew=reward,
        terminated=terminated,
        truncated=truncated,
        obs_next=next_obs,
    )


def sampling(buffer: ReplayBuffer) -> cartpole.Sample:
    """Returns the buffer's `sample` as the check wants it."""
    return lambda size: fields(buffer.sample(size)[0])


def fields(drawn: Batch) -> Fields:
    """Returns the columns of a sample as tensors."""
    wrap = torch.from_numpy
    return Fields(
        wrap(drawn.obs),
        wrap(drawn.act),
        wrap(drawn.rew),
        wrap(drawn.obs_next),
        wrap(drawn.terminated),
    )


if __name__ == "__main__":
    kinds = (uniform, prioritised, adding, frames)
    serve(version("tianshou"), {build.__name__: build for build in kinds})
