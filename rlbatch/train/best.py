"""The best parameters of each lane, and what a lane that has diverged scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class Best:
    """Keeps, for each lane, the parameters whose evaluation had the highest mean return.

    Args:
        state: `[L, P + S]` parameters and statistics.
        runs: the lanes of each run, where there are several.
    """

    def __init__(self, state: Tensor, runs: Sequence[slice] = (slice(None),)) -> None:
        self.state = state.clone()  # [L, P + S]
        self.returns = np.full(len(state), -np.inf)  # [L] mean return of those parameters
        self._runs = runs
        self._lowest = np.full(len(state), np.inf)  # [L] of any lane of its run, any evaluation

    def judge(self, state: Tensor, returns: Tensor, sound: npt.NDArray[np.bool_]) -> Tensor:
        """Takes an evaluation; returns the scores that count.

        Args:
            state: `[L, P + S]` parameters and statistics evaluated.
            returns: `[L, episodes]`.
            sound: `[L]`; a lane that has diverged scores the lowest return seen in its run. One
                that stopped early is sound: it scores what it plays.
        """
        for own in self._runs:
            self._lowest[own] = np.minimum(self._lowest[own], float(returns[own].min()))
        lowest = torch.from_numpy(self._lowest)[:, None]
        scores = torch.where(torch.from_numpy(sound)[:, None], returns, lowest)
        means = scores.mean(1).numpy()
        better = sound & (means > self.returns)
        self.returns = np.where(better, means, self.returns)
        mask = torch.from_numpy(better).to(state.device)[:, None]
        self.state = torch.where(mask, state, self.state)
        return scores
