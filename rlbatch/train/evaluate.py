"""The evaluation protocol: greedy episodes from common start states."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from rlbatch.contract import MakeEnv, VectorEnv
from rlbatch.errors import DataError
from rlbatch.types import Step

EVALUATION_SEED = 2_147_483_647  # the same start states for every lane, regime and run


class Episodes(NamedTuple):
    """One evaluation."""

    returns: Tensor  # [L, episodes] float64, undiscounted, on the CPU
    lengths: Tensor  # [L, episodes] int64, env steps


class Evaluator:
    """Plays `episodes` greedy episodes a lane, always from the same start states.

    Args:
        make_env: builds the environments.
        lanes: L, all with the same start states.
        episodes: a lane.
        max_length: env steps after which an episode is cut.
        device: of the environments.
        seed: decides the start states; another one than the default holds them out.
    """

    def __init__(
        self,
        make_env: MakeEnv,
        lanes: int,
        episodes: int,
        max_length: int,
        device: torch.device,
        *,
        seed: int = EVALUATION_SEED,
    ) -> None:
        self._env: VectorEnv = make_env(seeds=[seed] * lanes, per_lane=episodes, device=device)
        self._max_length = max_length  # env steps
        self.spaces = self._env.obs_space, self._env.action_space

    def play(self, values: Callable[[Tensor], Tensor]) -> Episodes:
        """Runs until every episode has ended or is cut at the longest allowed length.

        Raises:
            DataError: a reward that is not finite.
        """
        obs = self._env.reset()
        step = self._env.step(values(obs).argmax(-1))
        running = torch.ones_like(step.terminated)
        returns = torch.zeros(running.shape, dtype=torch.float64, device=running.device)
        lengths = torch.zeros(running.shape, dtype=torch.int64, device=running.device)
        for _ in range(self._max_length):
            returns += torch.where(running, step.reward, 0.0)
            lengths += running
            running = running & ~_ended(step)
            if not running.any():
                break
            step = self._env.step(values(step.obs).argmax(-1))
        if not returns.isfinite().all():
            raise DataError("evaluate.reward", "finite numbers", "NaN or infinity")
        return Episodes(returns.cpu(), lengths.cpu())


def _ended(step: Step) -> Tensor:
    return step.terminated | step.truncated
