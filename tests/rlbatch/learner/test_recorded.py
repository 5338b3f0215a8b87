"""A recorded function tells what the function tells, whatever its parameters have become."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor
from torch.func import vmap

from rlbatch.learner.recorded import SEEN_BEFORE, Recorded

Function = Callable[[Mapping[str, Tensor], Tensor], Tensor]


def plain(own: Mapping[str, Tensor], obs: Tensor) -> Tensor:
    """Views of parameters, of views, and of the observations."""
    return torch.relu(obs @ own["w"].t()[:, 1:] + own["b"].expand(2, 3)[:1]).unsqueeze(0)


def of_lanes(own: Mapping[str, Tensor], obs: Tensor) -> Tensor:
    told: Tensor = vmap(lambda own, obs: obs @ own["w"].t() + own["b"])(dict(own), obs)
    return told


def joined(own: Mapping[str, Tensor], obs: Tensor) -> Tensor:
    """A copy of a parameter, which is no view of it, and the parameter as the answer."""
    return torch.cat([obs @ own["w"].t(), own["b"][None].repeat(len(obs), 1)], 1)


def parameters(*lead: int) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(1)
    shapes = {"w": (4, 5), "b": (3,) if not lead else (4,)}
    return {name: torch.randn(*lead, *shape, generator=draw) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("function", "lead"),
    [(plain, ()), (joined, ()), (of_lanes, (3,))],
    ids=["plain", "joined", "lanes"],
)
def test_a_recording_sees_its_parameters_as_they_are_now(
    function: Function, lead: tuple[int, ...]
) -> None:
    own, draw = parameters(*lead), torch.Generator().manual_seed(2)
    recorded = Recorded(function, {name: p.requires_grad_() for name, p in own.items()})
    for call in range(SEEN_BEFORE + 4):
        obs = torch.randn(*lead, 2, 5, generator=draw)
        told = recorded(obs)
        assert torch.equal(told, function(own, obs).detach())
        assert not told.requires_grad
        with torch.no_grad():
            own["w"].mul_(1.5 + call)
            own["b"].sub_(1.0)
    assert len(recorded._replays) == 1


def test_each_shape_is_recorded_for_itself() -> None:
    own = parameters()
    recorded = Recorded(joined, own)
    for _ in range(SEEN_BEFORE + 2):
        for rows in (1, 2, 7):
            obs = torch.randn(rows, 5)
            assert torch.equal(recorded(obs), joined(own, obs))
    assert len(recorded._replays) == 3
