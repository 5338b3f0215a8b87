"""Serves Tianshou's ReplayBuffer to the replay benchmark.

Its `add` takes one row a call and some 100 µs for it, so a million rows go in through `from_data`.
The arrays are written in full first, and are the memory that the buffer then samples from.
"""

import numpy as np
import torch
from tianshou.data import ReplayBuffer  # type: ignore[import, unused-ignore]

from benchmarks.workers.replay_serving import Fields, Filled, Transitions, serve, transitions


def build(rows: int) -> Filled:
    """Fills a buffer of one environment; samples are wrapped, not copied, into torch."""
    columns = written(rows)
    buffer = ReplayBuffer.from_data(
        obs=columns.obs,
        act=columns.action,
        rew=columns.reward,
        terminated=columns.terminated,
        truncated=columns.truncated,
        done=columns.terminated | columns.truncated,
        obs_next=columns.next_obs,
    )

    def sample(batch: int) -> Fields:
        drawn, _ = buffer.sample(batch)
        wrap = torch.from_numpy
        return Fields(
            wrap(drawn.obs),
            wrap(drawn.act),
            wrap(drawn.rew),
            wrap(drawn.obs_next),
            wrap(drawn.terminated),
        )

    return Filled(sample)


def written(rows: int) -> Transitions:
    """Returns all rows as whole columns."""
    columns = Transitions(
        obs=np.empty((rows, 4), np.float32),
        action=np.empty(rows, np.int64),
        reward=np.empty(rows, np.float32),
        next_obs=np.empty((rows, 4), np.float32),
        terminated=np.empty(rows, np.bool_),
        truncated=np.empty(rows, np.bool_),
    )
    start = 0
    for chunk in transitions(rows):
        for column, part in zip(columns, chunk, strict=True):
            column[start : start + len(part)] = part
        start += len(chunk.obs)
    return columns


if __name__ == "__main__":
    serve("tianshou", build)
