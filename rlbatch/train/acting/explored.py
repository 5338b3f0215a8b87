"""Where lanes explore, and by which action: counter-based, in one pass."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.seeding import Floats, Purpose, stream_key, stream_uniform

COIN, CHOICE = int(Purpose.EXPLORE), int(Purpose.ACTION)

Explored = tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]


def explored(
    seeds: npt.NDArray[np.int64], epsilon: Floats, env_step: int, per_lane: int, actions: int
) -> Explored:
    """Which environments explore, and what they would do then, `[T, L, E]` each.

    It depends on (seed, env step, environment) alone, not on how many steps are asked for.

    Args:
        seeds: `[L]`.
        epsilon: `[T, 1]` or `[T, L]`.
        env_step: the counter of the first step; each next is E further.
        per_lane: E.
        actions: how many there are.
    """
    shape = len(epsilon), len(seeds), per_lane
    told = np.empty(shape, np.bool_), np.empty(shape, np.int64)
    _fill(seeds, epsilon, env_step, actions, *told)
    return told


@numba.njit(cache=True)
def _fill(seeds: Any, epsilon: Any, env_step: Any, actions: Any, explore: Any, choice: Any) -> None:
    steps, lanes, envs = explore.shape
    for t in range(steps):
        now = env_step + t * envs
        for lane in range(lanes):
            coins = stream_key(seeds[lane], COIN, now)
            choices = stream_key(seeds[lane], CHOICE, now)
            rate = epsilon[t, lane if epsilon.shape[1] > 1 else 0]
            for e in range(envs):
                explore[t, lane, e] = stream_uniform(coins, e) < rate
                choice[t, lane, e] = np.int64(stream_uniform(choices, e) * actions)
