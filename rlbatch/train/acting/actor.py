"""ε-greedy acting in all lanes, with counter-based exploration."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from rlbatch.seeding import Floats
from rlbatch.train.acting.explored import explored


class Actor:
    """Chooses actions; what it explores depends on (seed, env step, env) alone."""

    def __init__(
        self, values: Callable[[Tensor], Tensor], seeds: Sequence[int], per_lane: int, actions: int
    ) -> None:
        self._values, self._actions, self._per_lane = values, actions, per_lane
        self._seeds = np.asarray(seeds, np.int64)

    def act(self, obs: Tensor, epsilon: float | Floats, env_step: int) -> Tensor:
        """Actions `[L, E]` int64: greedy, but uniform with probability ε.

        Args:
            obs: `[L, E, *obs]`.
            epsilon: one for all, or `[L, 1]`.
            env_step: the counter.
        """
        rates = np.array(epsilon, np.float64).reshape(1, -1)
        told = explored(self._seeds, rates, env_step, self._per_lane, self._actions)
        explore, choice = (column[0] for column in told)
        if not explore.any():
            return self.greedy(obs)
        chosen = torch.from_numpy(choice).to(obs.device)
        if explore.all():
            return chosen
        return torch.where(torch.from_numpy(explore).to(obs.device), chosen, self.greedy(obs))

    def greedy(self, obs: Tensor) -> Tensor:
        """The best actions `[L, E]` int64."""
        return self._values(obs).argmax(-1)
