"""The numba pass that puts stacks together: frames copied out of their blocks, in rows' order."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from rlbatch.replay.frames.addresses import clear, copy
from rlbatch.replay.frames.matching import place


@numba.njit(cache=True)
def read(packed: Any, at: Any, pool: Any, obs: Any, next_obs: Any) -> None:
    """Copies the frames of each row; obs and next_obs share most, so they are read together.

    Args:
        packed: `[N, words]` rows, whose words from `at` on are k numbers of obs and k of next_obs;
            0 is a frame of zeros.
        at: the first of them.
        pool: addresses of blocks, frames a block, bytes a frame.
        obs: `[N, k · bytes]`, an output.
        next_obs: the same.
    """
    frame_bytes = pool[2]
    depth = obs.shape[1] // max(1, frame_bytes)
    starts = np.int64(obs.ctypes.data), np.int64(next_obs.ctypes.data)
    for n in range(packed.shape[0]):
        for w in range(2 * depth):
            to = starts[w // depth] + (n * depth + w % depth) * frame_bytes
            number = packed[n, at + w]
            if number > 0:
                copy(to, place(number, pool), frame_bytes)
            else:
                clear(to, frame_bytes)
