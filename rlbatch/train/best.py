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
        flat: `[L, P]` parameters.
        runs: the lanes of each run, where there are several.
    """

    def __init__(self, flat: Tensor, runs: Sequence[slice] = (slice(None),)) -> None:
        self.flat = flat.clone()  # [L, P]
        self.returns = np.full(len(flat), -np.inf)  # [L] mean return of those parameters
        self._runs = runs
        self._lowest = np.full(len(flat), np.inf)  # [L] of any lane of its run, any evaluation

    def judge(self, flat: Tensor, returns: Tensor, sound: npt.NDArray[np.bool_]) -> Tensor:
        """Takes an evaluation; returns the scores that count.

        Args:
            flat: `[L, P]` the parameters evaluated.
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
        mask = torch.from_numpy(better).to(flat.device)[:, None]
        self.flat = torch.where(mask, flat, self.flat)
        return scores
