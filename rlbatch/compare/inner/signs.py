"""Signs told by the action values on the probe set: soft divergence and TD error."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rlbatch.contract import Agent
from rlbatch.seeding import Purpose, bits_torch
from rlbatch.types import Batch

ROUNDING = 1e-6  # of float32, relative: values right at the bound have not diverged


def q_max(values: Tensor) -> float:
    """max |Q| of action values `[N, A]`."""
    return float(values.abs().max())


def value_bound(reward: Tensor, gamma: float) -> float | None:
    """r_max / (1 − γ): no policy's discounted return exceeds it.

    Args:
        reward: `[N]` float32; r_max is the largest |reward| among them.
        gamma: discount; 1 gives infinity.

    Returns:
        The bound, or None where no transition earned anything: then none is known.
    """
    largest = float(reward.abs().max())
    if largest == 0.0:
        return None
    return largest / (1.0 - gamma) if gamma < 1.0 else float("inf")


def soft_divergence(values: Tensor, reward: Tensor, gamma: float) -> float | None:
    """1 where max |Q| > r_max / (1 − γ), else 0.

    Van Hasselt et al. 2018, "Deep Reinforcement Learning and the Deadly Triad"
    (https://arxiv.org/abs/1812.02648): such values are impossible, though they may yet fall back.

    Args:
        values: `[N, A]`, action values on the probe set.
        reward: `[N]` float32, of its transitions.
        gamma: discount.

    Returns:
        1.0 or 0.0, so that the mean over seeds is a rate; None where no bound is known. Values that
        are not finite have diverged.
    """
    bound = value_bound(reward, gamma)
    if bound is None:
        return None
    return float(not q_max(values) <= bound * (1.0 + ROUNDING) or not values.isfinite().all())


@torch.no_grad()
def td_error(agent: Agent, network: nn.Module, batch: Batch) -> float:
    """Mean |δ| over a batch, the network itself being its target.

    Args:
        agent: the learning rule.
        network: one lane.
        batch: columns `[N, ...]`, every row its own.
    """
    key = bits_torch(torch.zeros_like(batch.size), Purpose.LOSS, 0, 1)[0]
    return float(agent.loss(network, network, batch, key).td_error.double().abs().mean())
