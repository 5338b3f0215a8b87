"""The gradient noise scale B̂ = tr Σ / |G|², measured on the updates as they pass.

McCandlish et al. 2018, "An Empirical Model of Large-Batch Training"
(https://arxiv.org/abs/1812.06162). Measured after the loss's own clipping and the importance
weights, before the gradient's norm is clipped. Weights are taken to have mean 1: those divided by a
batch's maximum tell tr Σ and |G|² in units that do not fit each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from rlbatch.contract import Agent
from rlbatch.errors import ConfigError, DataError, require
from rlbatch.learner.forward import Differentiable
from rlbatch.learner.noise.averages import Averages
from rlbatch.learner.noise.chunks import Chunks
from rlbatch.learner.noise.interval import said
from rlbatch.learner.noise.normalised import corrected
from rlbatch.learner.noise.rows import Rows, outside_linear
from rlbatch.learner.noise.watched import Probe, Watched
from rlbatch.learner.parameters import Parameters
from rlbatch.learner.settings import LearnerSettings, NoiseScale
from rlbatch.types import Batch

# Updates a measurement, so that eight lanes of a small network pay below a tenth; measured at B 32
# to 512, an update with rows costs 1.13 to 1.25 times as much, with chunks 1.9 to 5.1 times. A
# single lane, where an update is little but overhead, pays up to 15 % by rows.
AFFORDABLE = {"rows": 4, "chunks": 50}


def noise_settings(
    settings: LearnerSettings | Sequence[LearnerSettings] | None,
) -> NoiseScale | None:
    """What a learner's settings, for all lanes or one each, say of the noise scale.

    Raises:
        ConfigError: lanes that differ.
    """
    if settings is None or isinstance(settings, LearnerSettings):
        return None if settings is None else settings.noise_scale
    alike = all(own.noise_scale == settings[0].noise_scale for own in settings)
    require(alike, "learner.noise_scale", "the same in every lane", "several")
    return settings[0].noise_scale


class NoiseMeter:
    """Averages of every lane's |G|² and tr Σ, on the device until they are read.

    Args:
        settings: by what, how often, over how many rows.
        agent: the learning rule.
        network: the template that the learner calls.
        online: the parameters whose gradient is measured.
        target: of the target network.

    Raises:
        ConfigError: `by` is rows, and a parameter lies outside of the linear layers.
    """

    def __init__(
        self,
        settings: NoiseScale,
        agent: Agent,
        network: nn.Module,
        online: Parameters,
        target: Parameters,
    ) -> None:
        self.settings, self._parts = settings, (agent, network, online, target)
        self.averages = Averages(len(online.flat), settings.horizon, online.flat.device)
        self._due: npt.NDArray[np.bool_] | None = None  # [L] lanes whose turn it is
        outside = outside_linear(network)
        if settings.by == "rows" and outside:
            _refuse(outside[0])
        self._go("chunks" if settings.by == "chunks" or outside else "rows")

    @property
    def least(self) -> int:
        """Rows below which a batch is not measured."""
        return self._probe.least

    def _go(self, by: str) -> None:
        agent, network, online, target = self._parts
        self.by, rows = by, self.settings.chunk_rows
        self.every = self.settings.every or AFFORDABLE[by]
        self._probe: Probe = (
            Rows(network, online) if by == "rows" else Chunks(network, online, rows)
        )
        self._watched = Watched(agent, network, online, target, self._probe)

    def forward(
        self,
        usual: Differentiable,
        batch: Batch,
        active: npt.NDArray[np.bool_],
        updates: npt.NDArray[np.int64],
    ) -> Differentiable:
        """How to evaluate this update: as usual, or watched where it is a lane's turn."""
        due = active & (updates % self.every == 0)
        turn = due.any() and batch.weight.shape[1] >= self._probe.least
        self._due = due if turn else None
        return self._watched if turn else usual

    def add(self, batch: Batch, norm: Tensor, ok: Tensor) -> None:
        """Takes what the last backward pass told.

        Args:
            batch: of the update.
            norm: `[L]` of the gradient, before clipping.
            ok: `[L]` bool; the other lanes stay as they are.

        Raises:
            ConfigError: `by` is rows, and they do not explain the gradient.
        """
        due, self._due = self._due, None
        if due is None:
            return
        estimate = self._probe.estimate(batch, norm.square())
        if estimate is None:
            self._fall_back()
            return
        mask = ok if due.all() else ok & torch.from_numpy(due).to(ok.device)
        told = corrected(estimate, batch.weight, batch.size)
        self.averages.add(told, batch.size * self.every, mask)

    def _fall_back(self) -> None:
        if self.settings.by == "rows":
            _refuse(self._probe.fault)
        self._go("chunks")

    def restart(self, copied: Tensor) -> None:
        """Forgets the lanes of a mask `[L]`, whose target was copied: S and |G|² jump there."""
        if self.settings.at_sync == "restart":
            self.averages.forget(copied)

    def read(self) -> list[dict[str, float]]:
        """One dict a lane, {} before its second measurement. The only call that asks the device.

        `noise_scale` B̂ in rows of a uniform draw, `noise_low` and `noise_high` its 95 % interval,
        `grad_trace` tr Σ of one row's gradient, `grad_square` |G|², which may be negative, and
        `noise_effective`: one row as it was drawn and weighted is worth this many uniform ones.
        """
        moments, weights = (own.numpy(force=True) for own in self.averages.state.values())
        return [said(own, *rest.tolist()) for own, rest in zip(moments, weights, strict=True)]

    @property
    def state(self) -> dict[str, Tensor]:
        """All that changes, `[L, ...]` each; not a copy."""
        return self.averages.state

    def state_dict(self) -> dict[str, Tensor]:
        """All that changes, as tensors."""
        return {name: own.clone() for name, own in self.state.items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Takes a `state_dict` of a meter of the same lanes."""
        for name, own in self.state.items():
            if state[name].shape != own.shape:
                raise DataError(f"noise.{name}", f"shape {tuple(own.shape)}", state[name].shape)
        for name, own in self.state.items():
            own.copy_(state[name])


def _refuse(parameter: str) -> None:
    advice = "Measure by chunks, or by auto."
    what = "rows only where linear layers, called on the batch's rows, hold all parameters"
    raise ConfigError("noise_scale.by", what, f"a gradient of '{parameter}' from elsewhere", advice)
