"""From insertion numbers to a Batch of tensors: gathered once, the fields are views."""

from __future__ import annotations

import numpy as np
import torch

from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.sampling.sampler import Drawn
from rlbatch.replay.storage.ring import Ring, Rows
from rlbatch.types import Batch


class Batches:
    """Makes batches on one device. Every tensor of a batch is the caller's own."""

    def __init__(self, layout: Layout, lanes: int | None, device: torch.device) -> None:
        self._layout, self._lanes, self._device = layout, lanes, device
        self._in_memory = device.type == "cpu"

    def batch(self, ring: Ring, drawn: Drawn, sizes: Rows) -> Batch:
        """The batch of the rows that were drawn `[L, B]`; padding weighs 0."""
        numbers = drawn.numbers
        struct = np.empty(numbers.shape, self._layout.struct)
        packed = struct.view(np.int64).reshape(*numbers.shape, self._layout.words)
        weights = np.empty(numbers.shape, np.float32)
        ring.gather(numbers, packed, weights)
        weights = weights if drawn.weight is None else drawn.weight
        sizes = sizes.copy()
        if self._lanes is None:
            struct, packed, numbers = struct[0], packed[0], numbers[0]
            sizes, weights = sizes[0, ...], weights[0]
        size, weight, row = (torch.from_numpy(array) for array in (sizes, weights, numbers))
        if self._in_memory:
            columns = self._layout.columns(struct)
        else:  # one transfer of bytes, then views
            columns = self._layout.views(torch.from_numpy(packed).to(self._device))
            size, weight, row = (own.to(self._device) for own in (size, weight, row))
        return Batch(**columns, weight=weight, row=row, size=size)
