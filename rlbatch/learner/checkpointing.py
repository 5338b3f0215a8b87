"""Activation checkpointing: what a deep network's layers hold is made again, not kept.

Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost", https://arxiv.org/abs/1604.06174.
Of n layers about √n outputs are kept; the forward pass runs once more, inside the backward pass.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vjp

from rlbatch.errors import ConfigError

LEAST = 4  # layers of a chain, below which there is nothing to gain


def checkpoint(network: nn.Module) -> nn.Module:
    """Makes every nn.Sequential of the network keep the outputs of its segments alone, in place.

    Names of parameters stay. Layers must be functions of their input: no dropout, no statistics.

    Raises:
        ConfigError: no nn.Sequential of at least 4 layers.
    """
    chains = [part for part in network.modules() if type(part) is nn.Sequential]
    long = [chain for chain in chains if len(chain) >= LEAST]
    if not long:
        advice = "Leave learner.checkpointing out."
        wanted = f"a network with an nn.Sequential of {LEAST} layers or more"
        raise ConfigError("learner.checkpointing", wanted, type(network).__name__, advice)
    for chain in long:
        chain.__class__ = _Segmented  # so that copies of the network are segmented too
    return network


class _Segmented(nn.Sequential):
    """A chain that keeps what goes into each of its segments."""

    def forward(self, x: Tensor) -> Tensor:
        if not torch.is_grad_enabled():
            output: Tensor = super().forward(x)  # type: ignore[no-untyped-call]
            return output
        layers = list(self)
        length = math.isqrt(len(layers) - 1) + 1  # √n, rounded up
        for start in range(0, len(layers), length):
            segment = nn.Sequential(*layers[start : start + length])
            named = dict(segment.named_parameters())
            x = _again(segment, tuple(named), x, *named.values())
        return x


class _Again(torch.autograd.Function):
    """A segment whose backward pass begins with its forward pass.

    torch.utils.checkpoint does not work below vmap; this does, with autograd outside of the vmap.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(segment: nn.Module, names: tuple[str, ...], x: Tensor, *params: Tensor) -> Tensor:
        output: Tensor = functional_call(segment, dict(zip(names, params, strict=True)), (x,))
        return output

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.segment, ctx.names = inputs[0], inputs[1]
        kind = inputs[2].device.type  # the backward pass runs outside of autocast's context
        ctx.cast = kind, torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind)
        ctx.save_for_backward(*inputs[2:])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        def again(x: Tensor, *params: Tensor) -> Tensor:
            own = dict(zip(ctx.names, params, strict=True))
            with torch.autocast(*ctx.cast):
                output: Tensor = functional_call(ctx.segment, own, (x,))
            return output

        pull: Any = vjp(again, *ctx.saved_tensors)[1]
        return None, None, *pull(grad)


_again: Any = _Again.apply
