"""Serves cpprb's ReplayBuffer to the replay benchmark."""

from importlib.metadata import version

import numpy as np
import torch
from cpprb import ReplayBuffer  # type: ignore[import, unused-ignore]

from benchmarks.workers.replay_serving import Fields, Filled, serve, transitions

COLUMNS = {
    "obs": {"shape": 4, "dtype": np.float32},
    "act": {"dtype": np.int64},
    "rew": {"dtype": np.float32},
    "next_obs": {"shape": 4, "dtype": np.float32},
    "done": {"dtype": np.float32},
}


def build(rows: int) -> Filled:
    """Fills a buffer through `add` in chunks; samples are wrapped, not copied, into torch."""
    buffer = ReplayBuffer(rows, COLUMNS)
    for chunk in transitions(rows):
        buffer.add(
            obs=chunk.obs,
            act=chunk.action,
            rew=chunk.reward,
            next_obs=chunk.next_obs,
            done=chunk.terminated,
        )

    def sample(batch: int) -> Fields:
        drawn = buffer.sample(batch)
        wrap = torch.from_numpy
        return Fields(
            wrap(drawn["obs"]),
            wrap(drawn["act"]),
            wrap(drawn["rew"]),
            wrap(drawn["next_obs"]),
            wrap(drawn["done"]),
        )

    return Filled(sample)


if __name__ == "__main__":
    serve(version("cpprb"), build)
