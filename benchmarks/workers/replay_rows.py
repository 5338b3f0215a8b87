"""Rows that every buffer of the replay benchmark is filled with, and the check of a sample."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

CHUNK = 1000  # rows made at a time, so that making them leaves no large temporaries behind
CHECKED = 512  # rows of the sample that is checked once
CARTPOLE = 4  # numbers of an observation


class Transitions(NamedTuple):
    """Rows of a known pattern; `next_obs = obs + 1` exactly, so that a sample can be checked."""

    obs: npt.NDArray[np.float32]  # [N, width]
    action: npt.NDArray[np.int64]  # [N]
    reward: npt.NDArray[np.float32]  # [N]
    next_obs: npt.NDArray[np.float32]  # [N, width]
    terminated: npt.NDArray[np.bool_]  # [N]
    truncated: npt.NDArray[np.bool_]  # [N]


class Fields(NamedTuple):
    """What a learner needs of a sample, as torch tensors."""

    obs: Tensor  # [B, ...]
    action: Tensor  # [B] or [B, 1]
    reward: Tensor  # [B] or [B, 1]
    next_obs: Tensor  # [B, ...]
    done: Tensor  # [B] or [B, 1]; a discount will do


Sample = Callable[[int], Fields]


def transitions(rows: int, size: int = CHUNK, width: int = CARTPOLE) -> Iterator[Transitions]:
    """Yields transitions, `size` at a time, until there are at least `rows` of them.

    No value is zero everywhere. They are made about CHUNK at a time, however small the size.
    """
    rng = np.random.default_rng(0)
    together = size * max(1, CHUNK // size)
    for start in range(0, rows, together):
        made = _made(rng, together, width)
        for first in range(0, min(together, rows - start), size):
            yield Transitions._make(column[first : first + size] for column in made)


def _made(rng: np.random.Generator, num: int, width: int) -> Transitions:
    obs = (rng.integers(-4096, 4096, (num, width)) / 1024).astype(np.float32)
    return Transitions(
        obs=obs,
        action=rng.integers(0, 2, num),
        reward=np.ones(num, np.float32),
        next_obs=obs + np.float32(1),
        terminated=rng.random(num) < 0.02,
        truncated=np.zeros(num, np.bool_),
    )


def td_errors() -> Tensor:
    """Returns `[16384]` float32 errors to set priorities by, none of them zero."""
    drawn = np.random.default_rng(1).exponential(size=16384) + 1e-3
    return torch.from_numpy(drawn.astype(np.float32))


def contiguous(sample: Sample) -> Sample:
    """Returns a sample whose fields are contiguous, each on its own."""
    return lambda size: Fields(*[field.contiguous() for field in sample(size)])


def check(sample: Sample) -> None:
    """Refuses a buffer whose sample is not made of whole, distinct, stored rows."""
    fields = sample(CHECKED)
    step = fields.next_obs - fields.obs
    if len(step) != CHECKED or not bool((step == 1).all()):
        raise SystemExit("sample: expected next_obs = obs + 1 in 512 rows, got something else.")
    rows = set(map(tuple, fields.obs[:, :CARTPOLE].tolist()))
    actions = set(fields.action.flatten().tolist())
    if len(rows) < CHECKED // 2 or actions != {0, 1}:
        raise SystemExit("sample: expected distinct rows with both actions, got repetition.")
