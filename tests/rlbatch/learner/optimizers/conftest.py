"""Gradients and memory that tests of every optimiser look at."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rlbatch.learner.optimizers import Adam, RMSProp


@pytest.fixture
def grads() -> Tensor:
    """`[20, 3, 12]`, of a different size in each of three lanes."""
    noise = torch.randn(20, 3, 12, generator=torch.Generator().manual_seed(1))
    return noise * torch.tensor([0.01, 1.0, 3.0])[:, None]


@pytest.fixture
def start() -> Tensor:
    """`[3, 12]` parameters."""
    return torch.randn(3, 12, generator=torch.Generator().manual_seed(2))


@pytest.fixture(params=["in one pass", "by tensors"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of a step: the CPU's own, and that of all other devices."""
    if request.param == "by tensors":
        for kind in (Adam, RMSProp):
            monkeypatch.setattr(kind, "_in_one_pass", kind._by_tensors)


@pytest.fixture
def lr() -> Tensor:
    """`[3]` learning rates."""
    return torch.tensor([1e-1, 1e-2, 1e-3], dtype=torch.float64)


@pytest.fixture
def copied() -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    """Copies an optimiser's state."""
    return lambda state: {name: value.clone() for name, value in state.items()}
