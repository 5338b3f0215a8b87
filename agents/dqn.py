"""Deep Q-learning, with double and dueling as options.

Mnih et al. 2015 (https://doi.org/10.1038/nature14236), van Hasselt et al. 2016
(https://arxiv.org/abs/1509.06461), Wang et al. 2016 (https://arxiv.org/abs/1511.06581).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
import torch.nn.functional as F
from gymnasium import spaces
from torch import Tensor, nn

from agents.networks import DuelingNetwork, Layer, QNetwork, plain
from agents.normalisation import batch_normed, layer_normed
from rlbatch.contract import QFn
from rlbatch.errors import ConfigError, require
from rlbatch.types import Batch, RowLoss

LEAST = 16  # rows of a group, below which its mean and variance are mostly noise


@dataclass(frozen=True, slots=True, kw_only=True)
class DQN:
    """δ = r + γᵏ · Q⁻(s', a*) − Q(s, a).

    a* = argmax Q⁻(s', ·), or argmax Q(s', ·) when double.
    """

    double: bool = False
    dueling: bool = False
    hidden: tuple[int, ...] = (120, 84)  # units of each hidden layer
    criterion: Literal["huber", "mse"] = "huber"  # ½δ² up to |δ| = 1, then |δ| − ½; or δ²
    norm: Literal["none", "layer", "batch"] = "none"  # of each hidden layer, before its ReLU
    norm_group: int = 32  # rows that are normalised together; batches are multiples of it
    norm_momentum: float = 0.1  # share of a group in the running mean and variance
    small_groups: bool = False  # are groups below 16 rows meant?

    def __post_init__(self) -> None:
        require(all(n >= 1 for n in self.hidden), "agent.hidden", "widths ≥ 1", self.hidden)
        known = self.norm in ("none", "layer", "batch")
        require(known, "agent.norm", "none, layer or batch", self.norm)
        least = 2 if self.small_groups else LEAST
        advice = "" if self.small_groups else "Say small_groups: true for smaller ones, from 2 on."
        met, wanted = self.norm_group >= least, f"at least {least} rows"
        require(met, "agent.norm_group", wanted, self.norm_group, advice)
        met = 0.0 < self.norm_momentum <= 1.0
        require(met, "agent.norm_momentum", "a share in (0, 1]", self.norm_momentum)

    def network(self, obs_space: spaces.Space[Any], action_space: spaces.Space[Any]) -> nn.Module:
        """Observations in, action values `[B, A]` out."""
        if not isinstance(action_space, spaces.Discrete):
            raise ConfigError("agents.dqn", "a Discrete action space", action_space)
        network = DuelingNetwork if self.dueling else QNetwork
        return network(obs_space, int(action_space.n), self.hidden, self._layer())

    def _layer(self) -> Layer:
        if self.norm == "batch":
            return partial(batch_normed, group=self.norm_group, momentum=self.norm_momentum)
        return layer_normed if self.norm == "layer" else plain

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        """The criterion of δ, one per row."""
        taken = q(batch.obs).gather(1, batch.action[:, None])[:, 0]
        with torch.no_grad():
            after = q_target(batch.next_obs)
            if self.double:
                best = q(batch.next_obs).argmax(1, keepdim=True)
                bootstrap = after.gather(1, best)[:, 0]
            else:
                bootstrap = after.amax(1)
            goal = batch.reward + batch.discount * bootstrap
        if self.criterion == "huber":
            loss = F.huber_loss(taken, goal, reduction="none")
        else:
            loss = F.mse_loss(taken, goal, reduction="none")
        return RowLoss(loss, (goal - taken).detach())

    def values(self, output: Tensor) -> Tensor:
        """The output is the values."""
        return output
