"""An update in two parts: operations on tensors for a program to contain, and the host's counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rlbatch.learner.constants import Number
from rlbatch.learner.gradients import Block
from rlbatch.learner.learner import Learner
from rlbatch.learner.step import Rates
from rlbatch.types import Batch


class InlineUpdate:
    """What `Learner.update` does in all lanes, with constants as declared.

    Args:
        learner: that learns.
    """

    def __init__(self, learner: Learner) -> None:
        self._learner, self._source = learner, learner._source
        self._forward, self._step = learner._forward, learner._step
        self._all = np.ones(learner.lanes, np.bool_)

    def takes(self, rows: int) -> bool:
        """Is a batch of so many rows taken in one piece?"""
        return not self._source.cuts(rows)

    def changed(self) -> list[Tensor]:
        """All that `act` changes."""
        return [*self._learner.tensors().values(), *self._step.meters.tensors]

    def key(self) -> npt.NDArray[np.int64]:
        """The randomness of the next update, `[L]`."""
        return self._learner.loss_key()

    def lr(self, lr: Number | None) -> npt.NDArray[np.float64]:
        """Learning rates `[L]`; None: the settings' own."""
        told = np.asarray(self._learner.own.lr if lr is None else lr, np.float64)
        return np.broadcast_to(told, self._all.shape)

    def blocks(self, sizes: npt.NDArray[np.int64]) -> tuple[Block, ...]:
        """Lanes of like B `[L]`, which `act` takes together; the same shapes, the same program."""
        return self._source.blocks(sizes)

    def act(
        self, batch: Batch, blocks: Sequence[Block], key: Tensor, lr: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The device's part: gradients, the step, meters, a Polyak target.

        Args:
            batch: columns `[L, B, ...]`.
            blocks: of its lanes.
            key: `[L]` int64.
            lr: `[L]` float64.

        Returns:
            `[L]` bool, lanes that moved; and δ of every row, `[L, B]`.
        """
        told = self._source.inline(self._forward, batch, key, blocks)
        ok = self._step.take(told, batch.size, batch.row, Rates(lr, None), None)
        if self._learner.own.tau is not None:
            self._learner.follow(ok, self._all, 0)
        return ok, told.row_error

    def count(self, ok: Tensor, env_step: int | npt.NDArray[Any]) -> None:
        """The host's part, after `act`: the clock of a hard target, and updates made.

        Args:
            ok: `[L]` bool, lanes that moved.
            env_step: the clock, for all lanes or `[L]`.
        """
        if self._learner.own.tau is None:
            self._learner.follow(ok, self._all, env_step)
        self._learner.updates += 1
