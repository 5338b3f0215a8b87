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
from rlbatch.learner.constants import DECLARED, Number, Told
from rlbatch.learner.forward import Differentiable, Forward, Plain, Stacked
from rlbatch.learner.jump import fit_memory
from rlbatch.learner.lanes import LaneSettings
from rlbatch.learner.meters import Meters
from rlbatch.learner.noise import NoiseMeter, noise_settings
from rlbatch.learner.optimizers import optimizer_for
from rlbatch.learner.parameters import Parameters, initial
from rlbatch.learner.settings import Constants, LearnerSettings
from rlbatch.seeding import Purpose, bits
from rlbatch.types import Batch, Moments


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
        noise = noise_settings(settings)
        self.noise = None if noise is None else NoiseMeter(noise, *parts)
        self.optimizer = optimizer_for(self.own.optimizer, self.online.flat)
        self.meters = Meters(self.lanes, self.device)
        self._watched: Meters | None = None
        self.updates = np.zeros(self.lanes, np.int64)
        self.diverged = torch.zeros(self.lanes, dtype=torch.bool, device=self.device)
        self._synced = np.zeros(self.lanes, np.int64)  # target periods passed
        polyak = self.own.tau is not None
        self._told = Told(self.own.optimizer, self.lanes, self.device, polyak)

    @property
    def lanes(self) -> int:
        return len(self.seeds)

    def values(self, obs: Tensor) -> Tensor:
        """Action values `[L, E, A]` of observations `[L, E, *obs]`, without gradient."""
        return self._forward.values(obs)

    def watch(self) -> Meters:
        """Meters beside `meters`, with a reading of their own and mean δ²."""
        self._watched = Meters(self.lanes, self.device, squares=True)
        return self._watched

    def gradient(self, batch: Batch) -> Tensor:
        """Each lane's gradient of its weighted mean loss, `[L, P]`, before clipping."""
        return self._gradient(batch, self._forward)[0]

    @torch.no_grad()
    def td_error(self, batch: Batch) -> Tensor:
        """Each lane's mean |δ| over its own rows of a batch, `[L]`; nothing is learned."""
        return self._row_means(batch, self._forward)[2]

    @torch.no_grad()
    def row_td_error(self, batch: Batch) -> Tensor:
        """δ of every row of a batch, `[L, B]`; anything in padding. Nothing is learned."""
        return self._row_means(batch, self._forward)[1]

    def update(
        self,
        batch: Batch,
        *,
        lr: Number | None = None,
        active: npt.NDArray[np.bool_] | None = None,
        env_step: int | npt.NDArray[Any] = 0,
        constants: Constants | None = None,
    ) -> Tensor:
        """One gradient step in every active lane, and the target network's share of it.

            g = ∇ Σᵢ wᵢ ℓᵢ / size,   clipped to the lane's norm

        Args:
            batch: columns `[L, B, ...]` on `device`; padding weighs nothing.
            lr: for all lanes or one each; None takes the settings' own.
            active: `[L]` bool; the others stay unchanged to the bit. None: those with rows, which
                on a GPU means asking it, so a loop should say.
            env_step: the clock of the hard target, for all lanes or `[L]`.
            constants: Adam's and τ for this update; None: the settings' own.

        Returns:
            δ of every row before the step, `[L, B]`; anything in padding.

        A lane whose gradient is not finite is left as it was and marked in `diverged`.
        """
        if batch.reward.ndim != 2 or len(batch.reward) != self.lanes:
            raise DataError("learner.batch", f"[{self.lanes}, B] rows", tuple(batch.reward.shape))
        on = (batch.size > 0).numpy(force=True) if active is None else active
        forward: Differentiable = self._forward
        if self.noise is not None:
            forward = self.noise.forward(forward, batch, on, self.updates)
        grad, loss, row_error, td_error = self._gradient(batch, forward)
        norm = torch.linalg.vector_norm(grad, dim=1)
        ok = torch.isfinite(norm)
        if not on.all():
            mask = torch.from_numpy(on).to(self.device)
            self.diverged |= mask & ~ok
            ok = ok & mask
        else:
            self.diverged |= ~ok
        if self.noise is not None:
            self.noise.add(batch, norm, ok)
        if self.own.clip_norm is not None:
            grad.mul_((self.own.clip_norm / (norm + 1e-6)).clamp_(max=1.0)[:, None])
        constants = DECLARED if constants is None else constants
        rates = self._told.rates(self.own.lr if lr is None else lr)
        self.optimizer.step(self.online.flat, grad, rates, ok, self._told.betas(constants))
        self._move_target(ok, on, env_step, self._told.tau(constants))
        self.meters.add(loss, td_error, norm, ok)
        if self._watched is not None:
            own = (batch.row >= 0).to(row_error.dtype) / batch.size.clamp(min=1)[:, None]
            self._watched.add(loss, td_error, norm, ok, (row_error.square() * own).sum(1))
        self.updates += on
        return row_error

    def jump(self, ratio: npt.NDArray[np.float64], how: Moments) -> None:
        """Fits the optimiser's memory to a batch size that is now `ratio` `[L]` times what it was.

        See `rlbatch.learner.jump.fit_memory` for what each way does and when it is right.
        """
        fit_memory(self.optimizer, ratio, how)

    def _gradient(
        self, batch: Batch, forward: Differentiable
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """`[L, P]`, the mean loss `[L]`, δ `[L, B]`, and the mean |δ| `[L]`."""
        loss, row_error, td_error = self._row_means(batch, forward)
        return forward.grad(loss.sum()), loss.detach(), row_error, td_error

    def _row_means(self, batch: Batch, forward: Differentiable) -> tuple[Tensor, Tensor, Tensor]:
        """Weighted mean loss `[L]`, δ `[L, B]` and mean |δ| `[L]`."""
        key = bits(self.seeds, Purpose.LOSS, self.updates, 1)[:, 0].view(np.int64)
        row = forward.loss(batch, torch.from_numpy(key).to(self.device))
        size = batch.size.clamp(min=1)
        loss = (row.loss * batch.weight).sum(1) / size
        own = (batch.row >= 0).to(row.td_error.dtype)
        return loss, row.td_error, (row.td_error.abs() * own).sum(1) / size

    def _move_target(
        self,
        ok: Tensor,
        on: npt.NDArray[np.bool_],
        env_step: int | npt.NDArray[Any],
        tau: float | Tensor | None,
    ) -> None:
        online, target = self.online.flat, self.target.flat
        tau = self.own.tau if tau is None else tau
        if tau is not None:
            moved = target.lerp(online, tau)
            torch.where(ok[:, None], moved, target, out=target)
            return
        periods = (np.asarray(env_step) // self.own.period).astype(np.int64)
        passed = np.broadcast_to(periods, (self.lanes,))
        due = on & (passed > self._synced)
        if due.any():
            self._synced = np.where(due, passed, self._synced)
            mask = ok & torch.from_numpy(due).to(self.device)
            torch.where(mask[:, None], online, target, out=target)
            if self.noise is not None:
                self.noise.restart(mask)

    def state_dict(self) -> dict[str, Tensor]:
        """All that changes, as tensors."""
        counters = {"updates": self.updates, "synced": self._synced}
        return {
            **{name: value.clone() for name, value in self._tensors().items()},
            **{name: torch.from_numpy(value.copy()) for name, value in counters.items()},
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Takes a `state_dict` of a learner of the same agent, lanes and optimiser.

        One that measured no noise scale leaves this one's meter as if new.

        Raises:
            DataError: a tensor that is missing, or of another shape; nothing is changed.
        """
        new = {name: torch.zeros_like(own) for name, own in self._noise_state().items()}
        state = {**new, **state}
        for name, own in self._tensors().items():
            got = tuple(state[name].shape) if name in state else "nothing"
            if got != tuple(own.shape):
                raise DataError(f"learner.{name}", f"shape {tuple(own.shape)}", got)
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
            **self._noise_state(),
        }

    def _noise_state(self) -> dict[str, Tensor]:
        own = {} if self.noise is None else self.noise.state
        return {f"noise.{name}": value for name, value in own.items()}
