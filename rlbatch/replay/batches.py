"""From insertion numbers to a Batch of tensors: gathered once, the fields are views."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rlbatch.replay.ring import Ring, Rows
from rlbatch.replay.rows import Layout
from rlbatch.types import Batch


class Even(NamedTuple):
    """What batches with the same B in every lane share."""

    rows: int  # B
    sizes: Rows  # [L]
    size: Tensor  # [L] int64
    weight: Tensor  # [L, B] ones

    @classmethod
    def of(cls, rows: int, sizes: Rows, device: torch.device) -> Even:
        """The parts for one B."""
        weight = torch.ones((len(sizes), rows), device=device)
        return cls(rows, sizes, torch.from_numpy(sizes).to(device), weight)


class Batches:
    """Makes batches on one device; remembers the last even B, since most calls repeat it."""

    def __init__(self, layout: Layout, lanes: int | None, device: torch.device) -> None:
        self._layout, self._lanes, self._device = layout, lanes, device
        self._even = Even.of(0, np.zeros(lanes or 1, np.int64), device)

    def even_sizes(self, rows: int) -> Rows:
        """`[L]` times the same B."""
        if rows != self._even.rows:
            sizes = np.full(self._lanes or 1, rows, np.int64)
            self._even = Even.of(rows, sizes, self._device)
        return self._even.sizes

    def batch(self, ring: Ring, numbers: Rows, sizes: Rows) -> Batch:
        """The batch of the rows with these insertion numbers `[L, B]`, -1 in padding."""
        struct = np.empty(numbers.shape, self._layout.struct)
        packed = struct.view(np.int64).reshape(*numbers.shape, self._layout.words)
        ring.gather(numbers, packed)
        if sizes is self._even.sizes:
            size, weight = self._even.size, self._even.weight
        else:
            size = torch.from_numpy(sizes).to(self._device)
            weight = torch.from_numpy(numbers >= 0).to(self._device, torch.float32)
        if self._lanes is None:
            struct, packed, numbers = struct[0], packed[0], numbers[0]
            size, weight = size[0], weight[0]
        row = torch.from_numpy(numbers)
        if self._device.type == "cpu":
            columns = self._layout.columns(struct)
        else:  # one transfer of bytes, then views
            columns = self._layout.views(torch.from_numpy(packed).to(self._device))
            row = row.to(self._device)
        return Batch(**columns, weight=weight, row=row, size=size)
