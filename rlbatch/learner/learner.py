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
from rlbatch.learner.checkpointing import checkpoint
from rlbatch.learner.constants import DECLARED, Number, Told
from rlbatch.learner.forward import Forward, Plain, Stacked, values_of
from rlbatch.learner.gradients import Gradients, Source
from rlbatch.learner.jump import fit_memory
from rlbatch.learner.lanes import LaneSettings
from rlbatch.learner.meters import Meters
from rlbatch.learner.noise import NoiseMeter, noise_settings
from rlbatch.learner.parameters import Parameters, initial
from rlbatch.learner.settings import Constants, LearnerSettings
from rlbatch.learner.statistics import Statistics, refuse_beside
from rlbatch.learner.step import LaneStep, Rates
from rlbatch.learner.target import Target
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
        compile: gradients come from one program per shape, compiled or captured when first met.

    Raises:
        ConfigError: settings, agent and device that do not fit.
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
        compile: bool = False,
    ) -> None:
        require(len(seeds) >= 1, "learner.seeds", "at least 1 lane", len(seeds))
        self.device, self.seeds = torch.device(device), np.asarray(seeds, np.int64)
        self.own = LaneSettings(
            LearnerSettings() if settings is None else settings, len(seeds), self.device
        )
        network, state = initial(lambda: agent.network(obs_space, action_space), list(seeds))
        noise, self.statistics = noise_settings(settings), Statistics(network)
        again = self.own.compute.checkpointing
        refuse_beside(self.statistics, noise=noise is not None, checkpointing=again)
        if again:
            checkpoint(network)
        network.to(self.device)
        self.online = Parameters(network, state.to(self.device))
        self.target = Parameters(network, state.to(self.device, copy=True))
        parts = agent, network, self.online, self.target
        self._forward: Forward = Plain(*parts, eager) if self.lanes == 1 else Stacked(*parts)
        self.values_of = values_of(agent, network, self.online)
        self._source = Source(*parts, self._forward, self.own.compute, compile)
        self.noise = None if noise is None else NoiseMeter(noise, *parts)
        self._step = LaneStep(self.own, self.online, self.statistics, self._source)
        self.optimizer, self.meters = self._step.optimizer, self._step.meters
        self.updates = np.zeros(self.lanes, np.int64)
        self._follower = Target(self.own, self.online, self.target)
        polyak = self.own.tau is not None
        self._constants = Told(self.own.optimizer, self.lanes, self.device, polyak)

    @property
    def lanes(self) -> int:
        return len(self.seeds)

    def values(self, obs: Tensor) -> Tensor:
        """Action values `[L, E, A]` of observations `[L, E, *obs]`, without gradient."""
        return self._forward.values(obs)

    @property
    def diverged(self) -> Tensor:
        """Lanes `[L]` whose gradient was not finite."""
        return self._step.diverged

    def watch(self) -> Meters:
        """Meters beside `meters`, with a reading of their own and mean δ²."""
        self._step.watched = watched = Meters(self.lanes, self.device, squares=True)
        return watched

    def gradient(self, batch: Batch) -> Tensor:
        """Each lane's gradient of its weighted mean loss, `[L, P]`, before clipping."""
        return self._source(batch, self._key(), np.ones(self.lanes, np.bool_)).flat

    def td_error(self, batch: Batch) -> Tensor:
        """Each lane's mean |δ| over its own rows of a batch, `[L]`; nothing is learned."""
        own = (batch.row >= 0).float() / batch.size.clamp(min=1)[:, None]
        return (self.row_td_error(batch).abs() * own).sum(1)

    def row_td_error(self, batch: Batch) -> Tensor:
        """δ of every row of a batch, `[L, B]`; anything in padding. Nothing is learned."""
        return self._source.errors(batch, self._key())

    def told(self) -> list[str]:
        """What users should know of how gradients are made now, since the last reading."""
        return self._source.read()

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
        told = self._source.retried(lambda: self._told(batch, on), batch)
        constants = DECLARED if constants is None else constants
        asked = None if on.all() else torch.from_numpy(on).to(self.device)
        told_lr = self._constants.rates(self.own.lr if lr is None else lr)
        rates = Rates(told_lr, self._constants.betas(constants))
        ok = self._step.take(told, batch.size, batch.row, rates, asked)
        self.follow(ok, on, env_step, self._constants.tau(constants))
        self.updates += on
        return told.row_error

    def jump(self, ratio: npt.NDArray[np.float64], how: Moments) -> None:
        """Fits the optimiser's memory to a batch size that is now `ratio` `[L]` times what it was.

        See `rlbatch.learner.jump.fit_memory` for what each way does and when it is right.
        """
        fit_memory(self.optimizer, ratio, how)

    def loss_key(self) -> npt.NDArray[np.int64]:
        """The randomness of each lane's next loss, `[L]`."""
        return bits(self.seeds, Purpose.LOSS, self.updates, 1)[:, 0].view(np.int64)

    def _key(self) -> Tensor:
        return torch.from_numpy(self.loss_key()).to(self.device)

    def _told(self, batch: Batch, on: npt.NDArray[np.bool_]) -> Gradients:
        """The batch's gradients; where it is the noise meter's turn, it looks on.

        Of a batch that is cut the meter sees the first micro-batch, in a pass of its own.
        """
        key = self._key()
        if self.noise is None:
            return self._source(batch, key, on)
        head = self._source.head(batch)
        forward = self.noise.forward(self._forward, head, on, self.updates)
        if forward is self._forward:
            return self._source(batch, key, on)
        told = self._source.through(forward, head, key, on)
        norm = torch.linalg.vector_norm(told.flat, dim=1)
        self.noise.add(head, norm, torch.isfinite(norm) & torch.from_numpy(on).to(self.device))
        return told if head is batch else self._source(batch, key, on)

    def follow(
        self,
        ok: Tensor,
        on: npt.NDArray[np.bool_],
        env_step: int | npt.NDArray[Any],
        tau: float | Tensor | None = None,
    ) -> None:
        """The target network's share of an update; see `Target.follow`."""
        copied = self._follower.follow(ok, on, env_step, tau)
        if self.noise is not None and copied is not None:
            self.noise.restart(copied)

    def state_dict(self) -> dict[str, Tensor]:
        """All that changes, as tensors."""
        counters = {"updates": self.updates, "synced": self._follower.synced}
        return {
            **{name: value.clone() for name, value in self.tensors().items()},
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
        for name, own in self.tensors().items():
            got = tuple(state[name].shape) if name in state else "nothing"
            if got != tuple(own.shape):
                raise DataError(f"learner.{name}", f"shape {tuple(own.shape)}", got)
        for name, own in self.tensors().items():
            own.copy_(state[name])
        self.updates = state["updates"].numpy().copy()
        self._follower.synced = state["synced"].numpy().copy()

    def tensors(self) -> dict[str, Tensor]:
        """All that changes on the device, by name; the tensors themselves."""
        return {
            "online": self.online.state,
            "target": self.target.state,
            "diverged": self.diverged,
            **{f"optimizer.{name}": value for name, value in self.optimizer.state.items()},
            **{f"source.{name}": value for name, value in self._source.state.items()},
            **self._noise_state(),
        }

    def _noise_state(self) -> dict[str, Tensor]:
        own = {} if self.noise is None else self.noise.state
        return {f"noise.{name}": value for name, value in own.items()}
