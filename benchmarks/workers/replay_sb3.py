"""Serves Stable-Baselines3's ReplayBuffer to the replay benchmark.

It has neither priorities nor a way to store a frame once: with `optimize_memory_usage` it still
stores every stack, four frames, and then it cannot tell a time limit from a termination.
"""

import itertools
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from stable_baselines3.common.buffers import (  # type: ignore[import, unused-ignore]
    ReplayBuffer,
)

from benchmarks.workers import replay_rows as cartpole
from benchmarks.workers.replay_rows import Fields
from benchmarks.workers.replay_serving import Filled, serve

OBS_SPACE = Box(-np.inf, np.inf, (cartpole.CARTPOLE,), np.float32)


def uniform(rows: int) -> Filled:
    """CartPole's rows of one environment, drawn uniformly."""
    sample = sampling(filled(rows, 1))
    calls = {"sample": sample, "contiguous": cartpole.contiguous(sample)}
    return Filled(calls, partial(cartpole.check, sample))


def adding(rows: int, envs: int) -> Filled:
    """A full buffer that goes on taking one row of each environment a call."""
    buffer = filled(rows, envs)
    more = itertools.cycle(list(steps(64 * envs, envs)))
    calls = {"add": lambda _: buffer.add(*next(more))}
    return Filled(calls, partial(cartpole.check, sampling(buffer)))


def filled(rows: int, envs: int) -> ReplayBuffer:
    """Returns a buffer that was filled one row of each environment a call."""
    buffer = ReplayBuffer(rows, OBS_SPACE, Discrete(2), device="cpu", n_envs=envs)
    for step in steps(rows, envs):
        buffer.add(*step)
    return buffer


def steps(rows: int, envs: int) -> Iterator[tuple[Any, ...]]:
    """Yields what `add` takes for steps of all environments, until there are so many rows."""
    for chunk in cartpole.transitions(rows, envs):
        infos = [{"TimeLimit.truncated": cut} for cut in chunk.truncated.tolist()]
        done = chunk.terminated | chunk.truncated
        yield chunk.obs, chunk.next_obs, chunk.action, chunk.reward, done, infos


def sampling(buffer: ReplayBuffer) -> cartpole.Sample:
    """Returns the buffer's `sample` with the fields in the check's order."""

    def sample(size: int) -> Fields:
        drawn = buffer.sample(size)
        return Fields(
            drawn.observations, drawn.actions, drawn.rewards, drawn.next_observations, drawn.dones
        )

    return sample


if __name__ == "__main__":
    serve(version("stable-baselines3"), {"uniform": uniform, "adding": adding})
