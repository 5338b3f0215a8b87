"""Lanes of one network on frozen rows, and the gradient of every row by vmap(grad)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor
from torch.func import functional_call, grad, vmap

from rlbatch.learner import Learner, LearnerSettings, NoiseScale
from rlbatch.learner.settings import HardTarget
from rlbatch.types import Batch

OBS = spaces.Box(-np.inf, np.inf, (4,), np.float32)
ACTIONS = spaces.Discrete(3)


@pytest.fixture
def make() -> Callable[..., Learner]:
    """A learner of an agent whose lanes measure their noise scale and learn nothing."""

    def learner(agent: Any, lanes: int = 3, lr: float = 0.0, **noise: Any) -> Learner:
        scale = NoiseScale(**{"every": 1, **noise}) if noise.pop("measured", True) else None
        settings = LearnerSettings(lr=lr, noise_scale=scale, target=HardTarget(period=100))
        return Learner(agent, OBS, ACTIONS, seeds=range(1, lanes + 1), settings=settings)

    return learner


@pytest.fixture
def rows() -> Callable[..., Batch]:
    """Random rows of every lane; the first `sizes` of them its own, weights of mean 1."""

    def batch(sizes: list[int], seed: int = 0) -> Batch:
        draw, shape = torch.Generator().manual_seed(seed), (len(sizes), max(sizes))
        size = torch.tensor(sizes)
        own = torch.arange(max(sizes)) < size[:, None]
        weight = (0.5 + torch.rand(shape, generator=draw)) * own
        return Batch(
            obs=torch.randn(*shape, 4, generator=draw),
            action=torch.randint(3, shape, generator=draw),
            reward=torch.randn(shape, generator=draw),
            next_obs=torch.randn(*shape, 4, generator=draw),
            discount=torch.full(shape, 0.9),
            weight=weight / weight.sum(1, keepdim=True).clamp(min=1e-9) * size[:, None],
            row=torch.where(own, torch.arange(max(sizes)), -1),
            size=size,
        )

    return batch


@pytest.fixture
def row_gradients() -> Callable[..., Tensor]:
    """Gradients of every row's own loss, `[L, B, P]`, one row at a time."""

    def gradients(agent: Any, learner: Learner, batch: Batch) -> Tensor:
        network = agent.network(OBS, ACTIONS)

        def row_loss(own: Any, old: Any, columns: tuple[Tensor, ...]) -> Tensor:
            one = Batch._make([*(column[None] for column in columns), torch.tensor(1)])
            q, q_target = (
                lambda obs, named=named: functional_call(network, named, (obs,))
                for named in (own, old)
            )
            loss: Tensor = agent.loss(q, q_target, one, torch.tensor(0)).loss[0]
            return loss

        every = vmap(vmap(grad(row_loss), in_dims=(None, None, 0)))
        told = every(learner.online.named, learner.target.named, tuple(batch[:-1]))
        return torch.cat([part.flatten(2) for part in told.values()], 2).detach()

    return gradients
