"""How many rows a second this machine takes gradients of, at each batch size."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch

from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.train.probe import beside

ROUNDS = 5


def throughput(learner: Learner, buffer: ReplayBuffer, sizes: Sequence[int]) -> dict[str, float]:
    """Rows/s of one lane by name of the meter, `throughput_<B>`; nothing is learned.

    The median of some rounds, each of all sizes in turn, after one that does not count.
    """
    batches = [buffer.peek(size, beside(learner)) for size in sizes]
    times = np.empty((ROUNDS + 1, len(sizes)))
    for turn in times:
        for i, batch in enumerate(batches):
            began = time.perf_counter()
            learner.gradient(batch)
            if learner.device.type == "cuda":
                torch.cuda.synchronize(learner.device)
            turn[i] = time.perf_counter() - began
    typical = np.median(times[1:], 0)
    return {f"throughput_{size}": size / t for size, t in zip(sizes, typical.tolist(), strict=True)}
