"""Networks for agents: observations `[B, *obs]` in, outputs `[B, ...]` out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod
from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor, nn


class Features(nn.Module):
    """An observation as a float vector: a Box flattened, a Discrete one-hot."""

    places: Tensor  # [n] int64, of a Discrete observation

    def __init__(self, obs_space: spaces.Space[Any]) -> None:
        super().__init__()
        self.one_hot = isinstance(obs_space, spaces.Discrete)
        if isinstance(obs_space, spaces.Discrete):
            self.width = int(obs_space.n)
            self.register_buffer(
                "places", int(obs_space.start) + torch.arange(self.width), persistent=False
            )
        else:
            self.width = prod(obs_space.shape or ())

    def forward(self, obs: Tensor) -> Tensor:
        if self.one_hot:
            return torch.eq(obs[:, None], self.places).float()
        return obs.flatten(1).float()


Layer = Callable[[int, int], Sequence[nn.Module]]  # widths in and out -> Linear, and its norm


def plain(fan_in: int, fan_out: int) -> Sequence[nn.Module]:
    """A linear layer as it is."""
    return [nn.Linear(fan_in, fan_out)]


def mlp(widths: Sequence[int], layer: Layer = plain, last: Layer = plain) -> nn.Sequential:
    """Linear layers with ReLU between them, none after the last."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths[:-1]):
        layers += [*layer(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers, *last(*widths[-2:]))


class QNetwork(nn.Module):
    """Action values by a multi-layer perceptron, `[B, A]`."""

    def __init__(
        self,
        obs_space: spaces.Space[Any],
        actions: int,
        hidden: Sequence[int],
        layer: Layer = plain,
    ) -> None:
        super().__init__()
        self.features = Features(obs_space)
        self.body = mlp([self.features.width, *hidden, actions], layer)

    def forward(self, obs: Tensor) -> Tensor:
        values: Tensor = self.body(self.features(obs))
        return values


class DuelingNetwork(nn.Module):
    """Q(s, a) = V(s) + A(s, a) − mean_b A(s, b),  `[B, A]`.

    Wang et al. 2016, https://arxiv.org/abs/1511.06581. The last hidden layer feeds both streams.
    """

    def __init__(
        self,
        obs_space: spaces.Space[Any],
        actions: int,
        hidden: Sequence[int],
        layer: Layer = plain,
    ) -> None:
        super().__init__()
        self.features = Features(obs_space)
        widths = [self.features.width, *hidden]
        self.body: nn.Module = nn.Identity()
        if hidden:
            self.body = nn.Sequential(mlp(widths, layer, layer), nn.ReLU())
        self.value = nn.Linear(widths[-1], 1)
        self.advantage = nn.Linear(widths[-1], actions)

    def forward(self, obs: Tensor) -> Tensor:
        hidden = self.body(self.features(obs))
        advantage: Tensor = self.advantage(hidden)
        value: Tensor = self.value(hidden)
        return value + advantage - advantage.mean(1, keepdim=True)
