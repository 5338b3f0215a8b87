"""Batches of rows that lie on the device: gathered there, and nothing is waited for."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.sampling.sampler import DeviceDrawn, Drawn
from rlbatch.replay.storage.device import DeviceRing
from rlbatch.replay.storage.parcel import Parcel
from rlbatch.replay.storage.ring import Rows
from rlbatch.types import Batch


class Resident:
    """Makes batches where the rows are. Every tensor of a batch is the caller's own."""

    def __init__(self, layout: Layout, lanes: int | None) -> None:
        self._layout, self._lanes = layout, lanes

    def batch(self, ring: DeviceRing, drawn: Drawn | DeviceDrawn, sizes: Rows) -> Batch:
        """The batch of the rows that were drawn `[L, B]`, on the host or there."""
        if isinstance(drawn, DeviceDrawn):
            return self.drawn(ring, drawn)
        shape = drawn.numbers.shape
        parts = (shape, np.int64), (shape, np.float32), (shape, np.int64), (sizes.shape, np.int64)
        parcel = Parcel(ring.device, *parts)
        at, weights, numbers, own = parcel.arrays
        ring.locate(drawn.numbers, at, weights)
        numbers[...], own[...] = drawn.numbers, sizes
        if drawn.weight is not None:
            weights[...] = drawn.weight
        return self._gathered(ring, *parcel.send())

    def drawn(self, ring: DeviceRing, drawn: DeviceDrawn) -> Batch:
        """The batch of the rows that were drawn on the device; operations on tensors alone."""
        places = ring.places(drawn.numbers)
        return self._gathered(ring, places, drawn.weight, drawn.numbers, drawn.sizes)

    def _gathered(
        self, ring: DeviceRing, places: Tensor, weight: Tensor, row: Tensor, size: Tensor
    ) -> Batch:
        packed = ring.gather(places)
        if self._lanes is None:
            packed, weight, row, size = packed[0], weight[0], row[0], size[0]
        return Batch._make([*self._layout.views(packed), weight, row, size])
