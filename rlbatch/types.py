"""What crosses rooms. L lanes, E envs per lane, B rows, A actions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from torch import Tensor

Moments = Literal["keep", "rescale", "reset"]  # what a jump of B does to an optimiser's memory


class Batch(NamedTuple):
    """Rows drawn from a replay buffer; columns are `[B, ...]`, or `[L, B, ...]` with lanes."""

    obs: Tensor  # [L, B, *obs] dtype of the observation space
    action: Tensor  # [L, B] int64
    reward: Tensor  # [L, B] float32
    next_obs: Tensor  # [L, B, *obs] true successor, also where the episode was truncated
    discount: Tensor  # [L, B] float32, γᵏ · (1 − terminated)
    weight: Tensor  # [L, B] float32, importance weight; 0 in padding
    row: Tensor  # [L, B] int64, insertion number; its slot is row % capacity; -1 in padding
    size: Tensor  # [] or [L] int64, own rows; the rest of B is padding


class Signal(NamedTuple):
    """One lane, host scalars: all that a schedule may see."""

    env_step: int  # stored transitions of this lane
    update: int = 0  # learner updates
    samples: int = 0  # rows drawn in all
    stored: int = 0  # rows in the buffer now
    capacity: int = 0  # rows
    learning: bool = True  # have updates begun
    exploration: float = 0.0  # ε now
    exploration_start: float = 0.0
    exploration_end: float = 0.0
    exploration_slope: float = 0.0  # change of ε per env step
    batch_size: int = 0  # rows used last, 0 before
    meters: Mapping[str, float] = MappingProxyType({})


class Step(NamedTuple):
    """What a vector env gives back; same-step reset."""

    obs: Tensor  # [L, E, *obs] what to act on next: after an end, the new episode's first
    reward: Tensor  # [L, E] float32
    terminated: Tensor  # [L, E] bool
    truncated: Tensor  # [L, E] bool
    next_obs: Tensor  # [L, E, *obs] true successor of the action taken


class RowLoss(NamedTuple):
    """What an agent's loss returns, one number per row."""

    loss: Tensor  # [B] float32, differentiable
    td_error: Tensor  # [B] float32, detached


class Record(NamedTuple):
    """All that a sink may see."""

    kind: Literal["train", "eval", "event", "batch", "control"]  # batch: where B changes
    lane: int
    seed: int
    env_step: int
    update: int
    samples: int
    wall_s: float
    values: Mapping[str, float | str]
