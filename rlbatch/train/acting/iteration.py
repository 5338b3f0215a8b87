"""A whole iteration on the device: T env steps, their rows stored, rows drawn, and an update.

On a CUDA device it is captured as one graph for each batch size, and replayed. In one transfer that
nobody waits for, the host says which env step it is and how large B, ε and the learning rates are;
it reads nothing until a log point is due, or rewards of 256 iterations wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.contract import TensorEnv
from rlbatch.learner.gradients import Block
from rlbatch.learner.inline import InlineUpdate
from rlbatch.replay.inline import InlineRows, Stretch
from rlbatch.seeding import Purpose, uniform_torch
from rlbatch.train.acting.rollout import Values, played
from rlbatch.types import Batch

Rows = int | npt.NDArray[np.int64]


class Said(NamedTuple):
    """What the host says before an iteration."""

    counters: Tensor  # [3] int64: env step, rows written to a lane, which draw
    size: Tensor  # [L] int64, B
    key: Tensor  # [L] int64, the randomness of losses
    lr: Tensor  # [L] float64
    epsilon: Tensor  # [T, L] float64


class Done(NamedTuple):
    """What an iteration leaves behind; on a CUDA device until the next of its program."""

    reward: Tensor  # [T, L, E]
    ended: Tensor  # [T, L, E] bool
    batch: Batch | None  # None: no update
    ok: Tensor | None  # [L] bool, lanes that moved
    row_error: Tensor | None  # [L, B] δ


class Iteration:
    """Operations on tensors, which may be captured: the same numbers as step by step.

    Args:
        env: whose state moves on in place.
        values: action values, as a function of parameters and obs.
        state: parameters `[L, P + S]`.
        rows: where transitions go to and batches come from.
        update: of all lanes.
        seeds: one a lane.
        actions: how many there are.
        obs: `[L, E, *obs]` acted on, changed in place.
        steps: T.
    """

    def __init__(
        self,
        env: TensorEnv,
        values: Values,
        state: Tensor,
        rows: InlineRows,
        update: InlineUpdate,
        seeds: Sequence[int],
        actions: int,
        obs: Tensor,
        steps: int,
    ) -> None:
        self._env, self._values, self._state = env, values, state
        self._rows, self._update, self._obs = rows, update, obs
        self._actions, self._steps = actions, steps
        self._seeds = torch.tensor(seeds, dtype=torch.int64, device=obs.device)
        self._per_lane = obs.shape[1]

    def changed(self, learning: bool) -> list[Tensor]:
        """All that a call changes, but for stored rows: another call for the same env step writes
        to the same places."""
        learned = self._update.changed() if learning else []
        return [self._obs, *self._env.state, *self._rows.changed(), *learned]

    def __call__(self, said: Said, blocks: Sequence[Block]) -> Done:
        """Plays T steps, and learns from batches as wide as these blocks of lanes, if any."""
        now, head, counter = said.counters
        stretch = self._play(now, said.epsilon)
        self._rows.write(head, stretch)
        ended = stretch.terminated | stretch.truncated
        if not blocks:
            return Done(stretch.reward, ended, None, None, None)
        head = head + self._steps * self._per_lane
        width = max(block.rows for block in blocks)
        batch = self._rows.draw(head, counter, said.size, width)
        ok, row_error = self._update.act(batch, blocks, said.key, said.lr)
        return Done(stretch.reward, ended, batch, ok, row_error)

    def _play(self, now: Tensor, epsilon: Tensor) -> Stretch:
        explore, choice = self._explored(now, epsilon)
        fresh = self._env.numbers(self._steps)
        told = explore, choice, fresh, self._env.state
        taken, obs, state = played(self._env, self._values, self._state, self._obs, *told)
        for own, new in zip((self._obs, *self._env.state), (obs, *state), strict=True):
            own.copy_(new)
        return Stretch(*taken)

    def _explored(self, now: Tensor, epsilon: Tensor) -> tuple[Tensor, Tensor]:
        """See `explored`: the same numbers, on the device."""
        steps = torch.arange(self._steps, device=now.device)[:, None] * self._per_lane + now
        coins, choices = (
            uniform_torch(self._seeds, purpose, steps, self._per_lane)
            for purpose in (Purpose.EXPLORE, Purpose.ACTION)
        )
        return coins < epsilon[..., None], (choices * self._actions).long()
