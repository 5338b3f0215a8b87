"""The learner: L independent parameter sets, updated by one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.contract import Agent, Space
from rlbatch.errors import DataError, require
from rlbatch.learner.forward import Forward, Plain, Stacked
from rlbatch.learner.lanes import LaneSettings
from rlbatch.learner.meters import Meters
from rlbatch.learner.optimizers import optimizer_for
from rlbatch.learner.parameters import Parameters, initial
from rlbatch.learner.settings import LearnerSettings
from rlbatch.seeding import Purpose, bits
from rlbatch.types import Batch


class Learner:
    """Trains one network per seed, all in one call; nothing couples lanes.

    Args:
        agent: the learning rule of one learner.
        obs_space: of one environment.
        action_space: of one environment.
        seeds: one a lane; a lane's initial weights depend on its seed alone.
        settings: optimiser, clip, target; for all lanes, or one each. Lanes may differ in lr, clip
            and target period or τ, not in the kind of optimiser or target.
        device: where parameters live and batches must lie.
        eager: a single lane runs its modules as they are at every call, for debugging.
    """

    def __init__(
        self,
        agent: Agent,
        obs_space: Space,
        action_space: Space,
        *,
        seeds: Sequence[int],
        settings: LearnerSettings | Sequence[LearnerSettings] | None = None,
        device: str | torch.device = "cpu",
        eager: bool = False,
    ) -> None:
        require(len(seeds) >= 1, "learner.seeds", "at least 1 lane", len(seeds))
        self.device, self.seeds = torch.device(device), np.asarray(seeds, np.int64)
        self.own = LaneSettings(
            LearnerSettings() if settings is None else settings, len(seeds), self.device
        )
        network, flat = initial(lambda: agent.network(obs_space, action_space), list(seeds))
        network.to(self.device)
        self.online = Parameters(network, flat.to(self.device))
        self.target = Parameters(network, flat.to(self.device, copy=True))
        parts = agent, network, self.online, self.target
        self._forward: Forward = Plain(*parts, eager) if self.lanes == 1 else Stacked(*parts)
        self.optimizer = optimizer_for(self.own.optimizer, self.online.flat)
        self.meters = Meters(self.lanes, self.device)
        self.updates = np.zeros(self.lanes, np.int64)
        self.diverged = torch.zeros(self.lanes, dtype=torch.bool, device=self.device)
        self._synced = np.zeros(self.lanes, np.int64)  # target periods passed
        self._lr: tuple[object, Tensor] = (None, torch.empty(0))

    @property
    def lanes(self) -> int:
        return len(self.seeds)

    def values(self, obs: Tensor) -> Tensor:
        """Action values `[L, E, A]` of observations `[L, E, *obs]`, without gradient."""
        return self._forward.values(obs)

    def gradient(self, batch: Batch) -> Tensor:
        """Each lane's gradient of its weighted mean loss, `[L, P]`, before clipping."""
        return self._gradient(batch)[0]

    @torch.no_grad()
    def td_error(self, batch: Batch) -> Tensor:
        """Each lane's mean |δ| over its own rows of a batch, `[L]`; nothing is learned."""
        return self._row_means(batch)[2]

    @torch.no_grad()
    def row_td_error(self, batch: Batch) -> Tensor:
        """δ of every row of a batch, `[L, B]`; anything in padding. Nothing is learned."""
        return self._row_means(batch)[1]

    def update(
        self,
        batch: Batch,
        *,
        lr: float | Sequence[float] | npt.NDArray[np.float64] | None = None,
        active: npt.NDArray[np.bool_] | None = None,
        env_step: int | npt.NDArray[Any] = 0,
    ) -> Tensor:
        """One gradient step in every active lane, and the target network's share of it.

            g = ∇ Σᵢ wᵢ ℓᵢ / size,   clipped to the lane's norm

        Args:
            batch: columns `[L, B, ...]` on `device`; padding weighs nothing.
            lr: for all lanes or one each; None takes the settings' own.
            active: `[L]` bool; the others stay unchanged to the bit. None: those with rows, which
                on a GPU means asking it, so a loop should say.
            env_step: the clock of the hard target, for all lanes or `[L]`.

        Returns:
            δ of every row before the step, `[L, B]`; anything in padding.

        A lane whose gradient is not finite is left as it was and marked in `diverged`.
        """
        if batch.reward.ndim != 2 or len(batch.reward) != self.lanes:
            raise DataError("learner.batch", f"[{self.lanes}, B] rows", tuple(batch.reward.shape))
        on = (batch.size > 0).numpy(force=True) if active is None else active
        grad, loss, row_error, td_error = self._gradient(batch)
        norm = torch.linalg.vector_norm(grad, dim=1)
        ok = torch.isfinite(norm)
        if not on.all():
            mask = torch.from_numpy(on).to(self.device)
            self.diverged |= mask & ~ok
            ok = ok & mask
        else:
            self.diverged |= ~ok
        if self.own.clip_norm is not None:
            grad.mul_((self.own.clip_norm / (norm + 1e-6)).clamp_(max=1.0)[:, None])
        self.optimizer.step(self.online.flat, grad, self._rates(lr), ok)
        self._move_target(ok, on, env_step)
        self.meters.add(loss, td_error, norm, ok)
        self.updates += on
        return row_error

    def _gradient(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """`[L, P]`, the mean loss `[L]`, δ `[L, B]`, and the mean |δ| `[L]`."""
        loss, row_error, td_error = self._row_means(batch)
        return self._forward.grad(loss.sum()), loss.detach(), row_error, td_error

    def _row_means(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Weighted mean loss `[L]`, δ `[L, B]` and mean |δ| `[L]`."""
        key = bits(self.seeds, Purpose.LOSS, self.updates, 1)[:, 0].view(np.int64)
        row = self._forward.loss(batch, torch.from_numpy(key).to(self.device))
        size = batch.size.clamp(min=1)
        loss = (row.loss * batch.weight).sum(1) / size
        own = (batch.row >= 0).to(row.td_error.dtype)
        return loss, row.td_error, (row.td_error.abs() * own).sum(1) / size

    def _rates(self, lr: float | Sequence[float] | npt.NDArray[np.float64] | None) -> Tensor:
        """`[L]` float64 on the device; moved there only when it changes."""
        wanted: Any = self.own.lr if lr is None else lr
        if not isinstance(wanted, int | float):
            wanted = tuple(wanted)
        if self._lr[0] != wanted:
            rates = np.broadcast_to(np.asarray(wanted, np.float64), (self.lanes,)).copy()
            self._lr = wanted, torch.from_numpy(rates).to(self.device)
        return self._lr[1]

    def _move_target(
        self, ok: Tensor, on: npt.NDArray[np.bool_], env_step: int | npt.NDArray[Any]
    ) -> None:
        online, target = self.online.flat, self.target.flat
        if self.own.tau is not None:
            moved = target.lerp(online, self.own.tau)
            torch.where(ok[:, None], moved, target, out=target)
            return
        passed = np.broadcast_to(np.asarray(env_step) // self.own.period, (self.lanes,))
        due = on & (passed > self._synced)
        if due.any():
            self._synced = np.where(due, passed, self._synced)
            mask = ok & torch.from_numpy(due).to(self.device)
            torch.where(mask[:, None], online, target, out=target)

    def state_dict(self) -> dict[str, Tensor]:
        """All that changes, as tensors."""
        counters = {"updates": self.updates, "synced": self._synced}
        return {
            "online": self.online.flat.clone(),
            "target": self.target.flat.clone(),
            "diverged": self.diverged.clone(),
            **{f"optimizer.{name}": value.clone() for name, value in self.optimizer.state.items()},
            **{name: torch.from_numpy(value.copy()) for name, value in counters.items()},
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Takes a `state_dict` of a learner of the same agent, lanes and optimiser."""
        for name, own in self._tensors().items():
            if state[name].shape != own.shape:
                raise DataError(f"learner.{name}", f"shape {tuple(own.shape)}", state[name].shape)
        for name, own in self._tensors().items():
            own.copy_(state[name])
        self.updates = state["updates"].numpy().copy()
        self._synced = state["synced"].numpy().copy()

    def _tensors(self) -> dict[str, Tensor]:
        return {
            "online": self.online.flat,
            "target": self.target.flat,
            "diverged": self.diverged,
            **{f"optimizer.{name}": value for name, value in self.optimizer.state.items()},
        }
