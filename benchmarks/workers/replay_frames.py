"""Atari-shaped episodes that buffers of frames are filled with, and the check of a sample.

The frames are noise, each its own: nothing can be stored twice for one, or compressed.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.workers.replay_rows import CHECKED, Sample

SIDE = 84  # pixels
STACK = 4  # frames
ACTIONS = 6
LENGTH = 1000  # rows of an episode
Bytes = npt.NDArray[np.uint8]


class Episode(NamedTuple):
    """One environment's rows in order; `obs` and `next_obs` are windows of the same frames."""

    obs: Bytes  # [T, 4, 84, 84], the newest frame last
    action: npt.NDArray[np.int64]  # [T]; its newest frame's first pixel, modulo 6
    reward: npt.NDArray[np.float32]  # [T]
    next_obs: Bytes  # [T, 4, 84, 84]
    terminated: npt.NDArray[np.bool_]  # [T]
    truncated: npt.NDArray[np.bool_]  # [T]


def episodes(rows: int) -> Iterator[Episode]:
    """Yields episodes of `rows` rows in all; every other one is cut by a time limit."""
    rng = np.random.default_rng(0)
    for start in range(0, rows, LENGTH):
        frames = rng.integers(0, 256, (min(LENGTH, rows - start) + 1, SIDE, SIDE), np.uint8)
        yield _episode(frames, cut=start // LENGTH % 2 == 1)


def _episode(frames: Bytes, cut: bool) -> Episode:
    """Returns the episode of frames `[T + 1, 84, 84]`; the first stack repeats the first frame."""
    padded = np.concatenate([*[frames[:1]] * (STACK - 1), frames])
    stacks = np.lib.stride_tricks.sliding_window_view(padded, STACK, axis=0)
    stacks = np.moveaxis(stacks, -1, 1)  # [T + 1, 4, 84, 84]
    last = np.arange(len(frames) - 1) == len(frames) - 2
    return Episode(
        obs=stacks[:-1],
        action=frames[:-1, 0, 0].astype(np.int64) % ACTIONS,
        reward=np.ones(len(frames) - 1, np.float32),
        next_obs=stacks[1:],
        terminated=last & (not cut),
        truncated=last & cut,
    )


def check(sample: Sample) -> None:
    """Refuses a buffer whose sample is not made of whole, distinct stacks and their successors.

    At an episode's end a buffer that keeps no successor may give the row's own stack in its place.
    """
    fields = sample(CHECKED)
    obs, next_obs = fields.obs, fields.next_obs
    follows = (next_obs[:, :-1] == obs[:, 1:]).flatten(1).all(1)
    itself = (next_obs == obs).flatten(1).all(1)
    most = float(follows.float().mean()) > 0.9 and bool((follows | itself).all())
    if obs.shape != (CHECKED, STACK, SIDE, SIDE) or not most:
        raise SystemExit("sample: expected stacks that follow each other, got something else.")
    if not bool((obs[:, -1, 0, 0].long() % ACTIONS == fields.action.flatten()).all()):
        raise SystemExit("sample: expected each stack with its own action, got another's.")
    if len(set(map(tuple, obs[:, -1, 1, :8].tolist()))) < CHECKED // 4:
        raise SystemExit("sample: expected distinct rows, got repetition.")
