"""One CUDA graph per shape: captured on first use, replayed after."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from rlbatch.learner.gradients.told import Gradients, Mask, Take
from rlbatch.learner.graph import captured
from rlbatch.types import Batch


class _Graph(NamedTuple):
    graph: torch.cuda.CUDAGraph
    inputs: tuple[Tensor, ...]  # where a replay reads
    answer: Gradients  # where it writes


class Captured:
    """Replays a `take` without launching its kernels one by one.

    What it returns is overwritten by the next call of the same shape, so it is copied where more
    than one piece is taken: gradients are added up in place.

    Args:
        take: in all of whose calls the parameters lie at the same place in memory.
    """

    def __init__(self, take: Take) -> None:
        self._take = take
        self._graphs: dict[Any, _Graph] = {}

    def __call__(self, piece: Batch, whole: Tensor, key: Tensor, on: Mask) -> Gradients:
        given = (*piece, whole, key)
        kind = tuple((own.shape, own.dtype) for own in given)
        graph = self._graphs.get(kind)
        if graph is None:
            graph = self._graphs[kind] = self._capture(given, on)
        for place, value in zip(graph.inputs, given, strict=True):
            place.copy_(value)
        graph.graph.replay()
        return Gradients(*(own.clone() for own in graph.answer if own is not None))

    def _capture(self, given: tuple[Tensor, ...], on: Mask) -> _Graph:
        inputs = tuple(own.contiguous().clone() for own in given)

        def take() -> Gradients:
            return self._take(Batch(*inputs[:-2]), inputs[-2], inputs[-1], on)

        graph, answer = captured(take)
        return _Graph(graph, inputs, answer)
