"""When and how far a target network follows its online network, statistics included."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.learner.lanes import LaneSettings
from rlbatch.learner.parameters import Parameters


class Target:
    """Each lane's target network: copied by the clock, or a share nearer at every update.

    Args:
        own: the lanes' τ, or periods in env steps.
        online: followed.
        target: changed in place.
    """

    def __init__(self, own: LaneSettings, online: Parameters, target: Parameters) -> None:
        self._own, self._online, self._target = own, online, target
        self.synced = np.zeros(len(online.flat), np.int64)  # [L] periods passed
        self._shortest = int(self._own.period.min())  # env steps

    @property
    def synced(self) -> npt.NDArray[np.int64]:
        """Periods passed when each lane was last copied, `[L]`."""
        return self._synced

    @synced.setter
    def synced(self, passed: npt.NDArray[np.int64]) -> None:
        self._synced, self._least = passed, int(passed.min())

    def follow(
        self,
        ok: Tensor,
        on: npt.NDArray[np.bool_],
        env_step: int | npt.NDArray[Any],
        tau: float | Tensor | None,
    ) -> Tensor | None:
        """Moves the target networks of lanes that are `ok`.

        Args:
            ok: `[L]` bool.
            on: `[L]` the lanes that were to update, on the host.
            env_step: the clock of hard targets, for all lanes or `[L]`.
            tau: for this update, one or `[L, 1]`; None: that declared.

        Returns:
            `[L]` bool, the lanes copied; None: none, or a Polyak target.
        """
        online, target = self._online.state, self._target.state
        tau = self._own.tau if tau is None else tau
        if tau is not None:
            moved = target.lerp(online, tau)
            torch.where(ok[:, None], moved, target, out=target)
            return None
        if isinstance(env_step, int) and env_step // self._shortest <= self._least:
            return None
        periods = (np.asarray(env_step) // self._own.period).astype(np.int64)
        passed = np.broadcast_to(periods, self.synced.shape)
        due = on & (passed > self.synced)
        if not due.any():
            return None
        self.synced = np.where(due, passed, self.synced)
        mask = ok if due.all() else ok & torch.from_numpy(due).to(ok.device)
        torch.where(mask[:, None], online, target, out=target)
        return mask
