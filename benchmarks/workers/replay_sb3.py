"""Serves Stable-Baselines3's ReplayBuffer to the replay benchmark."""

from importlib.metadata import version

import numpy as np
from gymnasium.spaces import Box, Discrete
from stable_baselines3.common.buffers import (  # type: ignore[import, unused-ignore]
    ReplayBuffer,
)

from benchmarks.workers.replay_serving import Fields, Filled, serve, transitions


def build(rows: int) -> Filled:
    """Fills a buffer of one environment through `add`, which takes one row a call."""
    obs_space = Box(-np.inf, np.inf, (4,), np.float32)
    buffer = ReplayBuffer(rows, obs_space, Discrete(2), device="cpu", n_envs=1)
    for chunk in transitions(rows):
        for i in range(len(chunk.obs)):
            row = slice(i, i + 1)
            infos = [{"TimeLimit.truncated": bool(chunk.truncated[i])}]
            done = chunk.terminated[row] | chunk.truncated[row]
            buffer.add(
                chunk.obs[row],
                chunk.next_obs[row],
                chunk.action[row],
                chunk.reward[row],
                done,
                infos,
            )

    def sample(batch: int) -> Fields:
        drawn = buffer.sample(batch)
        return Fields(
            drawn.observations, drawn.actions, drawn.rewards, drawn.next_observations, drawn.dones
        )

    return Filled(sample)


if __name__ == "__main__":
    serve(version("stable-baselines3"), build)
