"""Signs told by hidden units on the probe set: how many are dormant, how many dimensions live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

DORMANT = 0.025  # τ, share of the layer's mean activity
LOST = 0.01  # δ, share of the singular values' sum that may be left out
ACTIVATIONS = (
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.PReLU,
    nn.ELU,
    nn.SELU,
    nn.CELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.Softplus,
)


class Seen(NamedTuple):
    """What one forward pass went through."""

    activity: list[Tensor]  # of each activation [H] float64, mean |h| a unit
    features: Tensor | None  # [N, F], what entered the last linear layer; None without one


@torch.no_grad()
def watch(network: nn.Module, obs: Tensor) -> Seen:
    """Runs a network once and takes down its hidden units.

    Args:
        network: one lane; activations must be modules, since a function cannot be watched.
        obs: `[N, *obs]`.

    Returns:
        Activities in the order of calls; a channel of a convolution is one unit. The last linear
        layer is the one *called* last.
    """
    activity: list[Tensor] = []
    entered: list[Tensor] = []

    def after_activation(_: nn.Module, __: Any, output: Tensor) -> None:
        activity.append(output.double().abs().transpose(0, 1).flatten(1).mean(1))

    def before_linear(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        entered[:] = [inputs[0].flatten(0, -2).clone()]

    modules = list(network.modules())
    hooks = [m.register_forward_hook(after_activation) for m in modules if _activates(m)]
    linear = [m for m in modules if isinstance(m, nn.Linear)]
    hooks += [m.register_forward_pre_hook(before_linear) for m in linear]
    try:
        network(obs)
    finally:
        for hook in hooks:
            hook.remove()
    return Seen(activity, entered[0] if entered else None)


def dormant_ratio(activity: Sequence[Tensor]) -> float | None:
    """Share of units with a score of at most τ, over all layers.

        sᵢ = E|hᵢ| / mean_k E|h_k| ≤ 0.025

    Sokar et al. 2023, "The Dormant Neuron Phenomenon in Deep Reinforcement Learning"
    (https://arxiv.org/abs/2302.12902). In a layer that is silent as a whole, every unit is dormant.

    Args:
        activity: of each layer `[H]` float64, E|hᵢ| over the probe set.

    Returns:
        A share in [0, 1]; None without layers or where an activity is not finite.
    """
    if not activity or not all(layer.isfinite().all() for layer in activity):
        return None
    dormant = sum(int((layer <= DORMANT * layer.mean()).sum()) for layer in activity)
    return dormant / sum(len(layer) for layer in activity)


def srank(features: Tensor | None) -> int | None:
    """Effective rank of a feature matrix.

        min { k : Σᵢ≤ₖ σᵢ ≥ (1 − δ) · Σᵢ σᵢ },   δ = 0.01

    Kumar et al. 2021, "Implicit Under-Parameterization Inhibits Data-Efficient Deep Reinforcement
    Learning" (https://arxiv.org/abs/2010.14498). It depends on the probe set: experimental.

    Args:
        features: `[N, F]`.

    Returns:
        Dimensions, 0 where all features are 0; None without features or where one is not finite.
    """
    if features is None or not features.isfinite().all():
        return None
    sigma = torch.linalg.svdvals(features.double())
    return int((sigma.cumsum(0) < (1.0 - LOST) * sigma.sum()).sum()) + bool(sigma.sum() > 0)


def _activates(module: nn.Module) -> bool:
    return isinstance(module, ACTIVATIONS)
