"""How much autograd holds on to."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import pytest
import torch
from torch import Tensor


class _Held:
    """What autograd keeps in place of a tensor."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


class _Tally:
    def __init__(self) -> None:
        self.now, self.most, self.count = 0, 0, 0

    def pack(self, tensor: Tensor) -> _Held:
        held = _Held(tensor)
        self._grow(tensor.nbytes)
        self.count += 1
        weakref.finalize(held, self._grow, -tensor.nbytes)
        return held

    def _grow(self, nbytes: int) -> None:
        self.now += nbytes
        self.most = max(self.most, self.now)


@pytest.fixture
def held() -> Callable[[Callable[[], object]], tuple[int, int]]:
    """Does something; tells the most bytes that autograd held at once, and of how many tensors."""

    def measure(act: Callable[[], object]) -> tuple[int, int]:
        tally = _Tally()
        with torch.autograd.graph.saved_tensors_hooks(tally.pack, lambda held: held.tensor):
            act()
        return tally.most, tally.count

    return measure
