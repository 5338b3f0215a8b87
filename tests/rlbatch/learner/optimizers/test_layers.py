"""Layers of the flat parameters, with numbers small enough for a pencil."""

from __future__ import annotations

import torch

from rlbatch.learner.optimizers.layers import Layers

FLAT = torch.tensor([[3.0, 4.0, 9.0, 5.0, 12.0], [0.0, 0.0, 9.0, 8.0, 6.0]])
SHAPES = [(1, 2), (1,), (2, 1, 1)]


def test_matrices_have_a_norm_a_lane_and_biases_none() -> None:
    layers = Layers(FLAT, SHAPES)
    assert layers.norms(FLAT).tolist() == [[5.0, 13.0], [0.0, 10.0]]
    assert layers.adapted.tolist() == [1.0, 1.0, 0.0, 1.0, 1.0]


def test_a_ratio_is_at_every_parameter_of_its_layer_and_1_elsewhere() -> None:
    ratio = torch.tensor([[2.0, 3.0], [4.0, 5.0]])
    found = Layers(FLAT, SHAPES).spread(ratio, torch.ones(2, 2))
    assert found.tolist() == [[2.0, 2.0, 1.0, 3.0, 3.0], [4.0, 4.0, 1.0, 5.0, 5.0]]


def test_a_ratio_is_1_where_one_of_the_norms_is_0() -> None:
    ratio = torch.tensor([[2.0, torch.nan], [torch.inf, 5.0]])
    first, second = torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    found = Layers(FLAT, SHAPES).spread(ratio, first, second)
    assert found.tolist() == [[2.0, 2.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 5.0, 5.0]]


def test_without_shapes_all_is_one_layer() -> None:
    layers = Layers(FLAT, None)
    assert layers.norms(FLAT).shape == (2, 1)
    assert bool(layers.adapted.all())


def test_biases_alone_have_no_norms_and_a_ratio_of_1() -> None:
    layers = Layers(FLAT, [(2,), (3,)])
    norms = layers.norms(FLAT)
    assert norms.shape == (2, 0)
    assert torch.equal(layers.spread(norms, norms), torch.ones(2, 5))
