"""Serves Tianshou's ReplayBuffer to the replay benchmark."""

from importlib.metadata import version

import torch
from tianshou.data import Batch, ReplayBuffer  # type: ignore[import, unused-ignore]

from benchmarks.workers.replay_serving import Fields, Filled, serve, transitions


def build(rows: int) -> Filled:
    """Fills a buffer of one environment through `add`, which takes one row a call.

    Samples are wrapped, not copied, into torch.
    """
    buffer = ReplayBuffer(rows)
    for chunk in transitions(rows):
        for obs, action, reward, next_obs, terminated, truncated in zip(*chunk, strict=True):
            buffer.add(
                Batch(
                    obs=obs,
                    act=action,
                    rew=reward,
                    terminated=terminated,
                    truncated=truncated,
                    obs_next=next_obs,
                )
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


if __name__ == "__main__":
    serve(version("tianshou"), build)
