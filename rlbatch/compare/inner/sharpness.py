"""Sharpness of the loss at a lane's parameters: the top eigenvalue of its Hessian. Experimental.

After Keskar et al. 2017, "On Large-Batch Training for Deep Learning: Generalization Gap and Sharp
Minima" (https://arxiv.org/abs/1609.04836). It depends on how a network is parametrised (Dinh et
al. 2017, https://arxiv.org/abs/1703.04933) and on the scale of rewards: it stays out of verdicts.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from rlbatch.contract import Agent
from rlbatch.seeding import Purpose, bits_torch, uniform_torch
from rlbatch.types import Batch

TOLERANCE = 1e-2  # of the residual ‖Hv − λv‖, as a share of ‖Hv‖; λ errs by about its square
ITERATIONS = 300  # at most, in each of two passes
START = 3  # counter of the start vector, after those of the probe set's thirds

Product = Callable[[Tensor], Tensor]  # v [P] -> H·v [P]


class Eigenvalue(NamedTuple):
    """A Rayleigh quotient of the Hessian; converged or not, never above the top eigenvalue."""

    value: float
    converged: bool


def sharpness(agent: Agent, network: nn.Module, batch: Batch) -> Eigenvalue:
    """Top eigenvalue of ∇² of the mean loss over the probe set, the target network held still.

    Args:
        agent: the learning rule.
        network: one lane; its target is a copy of itself.
        batch: columns `[N, ...]`, every row its own.
    """
    parameters = list(network.parameters())
    size = sum(parameter.numel() for parameter in parameters)
    zero = torch.zeros((), dtype=torch.int64, device=batch.reward.device)
    start = uniform_torch(zero, Purpose.PROBE, START, size).to(parameters[0].dtype) - 0.5
    return top_eigenvalue(hessian_product(agent, network, batch), start)


def hessian_product(agent: Agent, network: nn.Module, batch: Batch) -> Product:
    """v ↦ H·v by differentiating the gradient once more (Pearlmutter 1994,
    https://doi.org/10.1162/neco.1994.6.1.147); H itself is never formed."""
    parameters = list(network.parameters())
    target = copy.deepcopy(network).requires_grad_(False)
    key = bits_torch(torch.zeros_like(batch.size), Purpose.LOSS, 0, 1)[0]
    loss = agent.loss(network, target, batch, key).loss.mean()
    slope = _flat(torch.autograd.grad(loss, parameters, create_graph=True, materialize_grads=True))

    def product(v: Tensor) -> Tensor:
        return _flat(
            torch.autograd.grad(
                slope @ v, parameters, retain_graph=True, allow_unused=True, materialize_grads=True
            )
        )

    return product


def top_eigenvalue(product: Product, start: Tensor) -> Eigenvalue:
    """The largest eigenvalue, with its sign, of a symmetric matrix by power iteration.

    Power iteration finds what is largest in magnitude. Where that is negative, or where the ends of
    the spectrum hold each other up, a second pass over H + ‖H‖·I finds the upper end.

    Args:
        product: v ↦ H·v.
        start: `[P]`, not 0.
    """
    found, norm = _iterate(product, start, 0.0)
    if (found.converged and found.value >= 0.0) or not math.isfinite(norm):
        return found
    other, _ = _iterate(product, start, norm)
    return Eigenvalue(max(found.value, other.value), other.converged)


def _iterate(product: Product, start: Tensor, shift: float) -> tuple[Eigenvalue, float]:
    """Power iteration with H + shift·I until v is an eigenvector of H; vᵀHv and ‖Hv‖."""
    v = start / start.norm()
    for _ in range(ITERATIONS):
        w = product(v)
        value, norm = float(v @ w), float(w.norm())
        converged = float((w - value * v).norm()) <= TOLERANCE * norm
        if converged or not math.isfinite(norm):
            break
        v = w + shift * v
        v = v / v.norm()
    return Eigenvalue(value, converged), norm


def _flat(parts: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([part.reshape(-1) for part in parts])
