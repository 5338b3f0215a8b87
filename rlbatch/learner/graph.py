"""Calls on a CUDA device as one graph: captured once, replayed after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

WARM = 3  # calls before a capture, in which libraries choose their kernels

Answer = TypeVar("Answer")


def captured(
    act: Callable[[], Answer], changed: Sequence[Tensor] = ()
) -> tuple[torch.cuda.CUDAGraph, Answer]:
    """What `act` does, as a graph, and the answer whose tensors a replay writes.

    Capturing is no replay: nothing has been done yet when it returns.

    Args:
        act: operations on a CUDA device, none of which the host waits for, on tensors that lie at
            the same place at every replay.
        changed: tensors that `act` changes and that matter; they are put back after it was tried.
    """
    before = [own.clone() for own in changed]
    side: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    try:
        with torch.cuda.stream(side):
            for _ in range(WARM):
                act()
    finally:  # also where memory runs out
        torch.cuda.current_stream().wait_stream(side)
        for own, old in zip(changed, before, strict=True):
            own.copy_(old)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        answer = act()
    return graph, answer
