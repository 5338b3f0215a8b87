"""How much more the greedy policy promises at the start than it then earns."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from rlbatch.contract import VectorEnv
from rlbatch.errors import require


def overestimation(
    values: Callable[[Tensor], Tensor], env: VectorEnv, gamma: float, max_length: int
) -> Tensor:
    """Mean over episodes of  max_a Q(s₀, a) − Σₜ γᵗ rₜ,  each lane following its greedy policy.

    Compare van Hasselt et al. 2016 (https://arxiv.org/abs/1509.06461), figure 3. An episode that
    is truncated, by its time limit or by `max_length`, would have gone on: what is missing is taken
    from the network itself, γᵀ · max_a Q(s_T, a), as learning does. So exact values give 0 however
    an episode ends, and after T steps a cut hides a share γᵀ of the error.

    Args:
        values: action values `[L, E, A]` of observations `[L, E, *obs]`.
        env: every environment's first episode is played.
        gamma: discount.
        max_length: env steps after which an episode is cut.

    Returns:
        `[L]` float64, in units of discounted return; positive where too much was promised.
    """
    require(max_length >= 1, "overestimation.max_length", "at least 1 env step", max_length)
    q = values(env.reset())
    promised = q.amax(-1).double()
    earned, running = torch.zeros_like(promised), torch.ones_like(promised, dtype=torch.bool)
    for now in range(max_length):
        step = env.step(q.argmax(-1))
        earned += torch.where(running, gamma**now * step.reward.double(), 0.0)
        last = now + 1 == max_length
        cut = running & ~step.terminated & (step.truncated | last)
        if cut.any():
            rest = gamma ** (now + 1) * values(step.next_obs).amax(-1).double()
            earned += torch.where(cut, rest, 0.0)
        running = running & ~(step.terminated | step.truncated)
        if not running.any():
            break
        q = values(step.obs)
    return (promised - earned).mean(1)
