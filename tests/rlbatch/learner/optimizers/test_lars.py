"""LARS against its paper's formulas, layer by layer in every lane by itself."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from rlbatch.learner import LARSSettings
from rlbatch.learner.optimizers import optimizer_for

Floats = npt.NDArray[np.float64]
SHAPES = [(3, 2), (3,), (1, 3)]


def by_paper(own: LARSSettings, theta: Floats, grads: Floats, lr: float) -> Floats:
    """One layer of one lane; a layer of one dimension has ratio 1 and no decay."""
    decay, velocity = own.weight_decay * (theta.ndim > 1), np.zeros_like(theta)
    for g in grads:
        w, size = np.linalg.norm(theta), np.linalg.norm(g)
        ratio = own.trust * w / (size + decay * w) if w > 0 and size > 0 and theta.ndim > 1 else 1.0
        velocity = own.momentum * velocity + lr * ratio * (g + decay * theta)
        theta = theta - velocity
    return theta


@pytest.mark.parametrize(
    "settings",
    [
        LARSSettings(),
        LARSSettings(trust=0.02, momentum=0.5, weight_decay=0.1),
        LARSSettings(trust=0.5, momentum=0.0, weight_decay=0.01),
    ],
)
def test_every_layer_of_every_lane_goes_where_the_paper_takes_it(
    settings: LARSSettings, start: Tensor, grads: Tensor, lr: Tensor
) -> None:
    start[0, :6], grads[0, 2, 9:] = 0.0, 0.0  # weights and gradients of a layer that are all 0
    flat = start.clone()
    optimizer = optimizer_for(settings, flat, SHAPES)
    for step, grad in enumerate(grads):
        optimizer.step(flat, grad.clone(), lr, torch.tensor([True, step % 2 == 1, True]))
    sizes = [math.prod(shape) for shape in SHAPES]
    for lane, taken in enumerate((grads, grads[1::2], grads)):
        parts = (torch.split(own, sizes, -1) for own in (flat[lane], start[lane], taken[:, lane]))
        for shape, found, theta, grad in zip(SHAPES, *parts, strict=True):
            begin, told = theta.double().numpy().reshape(shape), grad.double().numpy()
            wanted = by_paper(settings, begin, told.reshape(-1, *shape), lr[lane].item())
            assert np.abs(found.numpy() - wanted.reshape(-1)).max() <= 2e-6
