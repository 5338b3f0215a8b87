"""Serves rlbatch's ReplayBuffer to the replay benchmark."""

import numpy as np
from gymnasium.spaces import Box, Discrete

from benchmarks.workers.replay_serving import Fields, Filled, serve, transitions
from rlbatch import ReplayBuffer, __version__


def build(rows: int) -> Filled:
    """Fills a buffer without lanes through `add`."""
    obs_space = Box(-np.inf, np.inf, (4,), np.float32)
    buffer = ReplayBuffer(rows, obs_space, Discrete(2), lanes=None, device="cpu", seed=0)
    for chunk in transitions(rows):
        buffer.add(*chunk)

    def sample(batch: int) -> Fields:
        drawn = buffer.sample(batch)
        return Fields(drawn.obs, drawn.action, drawn.reward, drawn.next_obs, drawn.discount)

    return Filled(sample, buffer.nbytes)


if __name__ == "__main__":
    serve(__version__, build)
