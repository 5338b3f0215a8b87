"""From insertion numbers to a Batch of tensors: gathered once, the fields are views."""

from __future__ import annotations

import numpy as np
import torch

from rlbatch.replay.frames.frames import Frames
from rlbatch.replay.rows.layout import SHOWN, Layout
from rlbatch.replay.sampling.sampler import Drawn
from rlbatch.replay.storage.parcel import Parcel, Part
from rlbatch.replay.storage.ring import Ring, Rows
from rlbatch.types import Batch

OBS, NEXT_OBS = SHOWN.index("obs"), SHOWN.index("next_obs")


class Batches:
    """Makes batches of rows in memory. Every tensor of a batch is the caller's own.

    Args:
        layout: of a row.
        lanes: None for batches without a lane axis.
        device: where they arrive.
        frames: where rows keep numbers of frames.
    """

    def __init__(
        self,
        layout: Layout,
        lanes: int | None,
        device: torch.device,
        frames: Frames | None = None,
    ) -> None:
        self._layout, self._lanes, self._device, self._frames = layout, lanes, device, frames
        self._in_memory = device.type == "cpu"

    def batch(self, ring: Ring, drawn: Drawn, sizes: Rows) -> Batch:
        """The batch of the rows that were drawn `[L, B]`; padding weighs 0."""
        if not self._in_memory:
            return self._sent(ring, drawn, sizes)
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
        columns = self._layout.columns(struct)
        if self._frames is not None:
            shape = 2, *numbers.shape, *self._frames.shape
            both = np.empty(shape, self._frames.dtype)  # two arrays would be new pages each time
            self._frames.read(packed, *both)
            columns[OBS], columns[NEXT_OBS] = map(torch.from_numpy, both)
        return Batch._make([*columns, weight, row, size])

    def _sent(self, ring: Ring, drawn: Drawn, sizes: Rows) -> Batch:
        """The same on another device, in one transfer that nothing waits for."""
        shape, whole = drawn.numbers.shape, (*drawn.numbers.shape, self._layout.words)
        parts: list[Part] = [(whole, np.int64), (shape, np.float32), (shape, np.int64)]
        parts.append((sizes.shape, np.int64))
        if self._frames is not None:
            parts.append(((2, *shape, *self._frames.shape), self._frames.dtype.type))
        parcel = Parcel(self._device, *parts)
        rows, weights, numbers, counts, *both = parcel.arrays
        ring.gather(drawn.numbers, rows, weights)
        numbers[...], counts[...] = drawn.numbers, sizes
        if drawn.weight is not None:
            weights[...] = drawn.weight
        if self._frames is not None:
            self._frames.read(rows, *both[0])
        packed, weight, row, size, *stacks = parcel.send()
        if self._lanes is None:
            packed, weight, row, size = packed[0], weight[0], row[0], size[0]
            stacks = [own[:, 0] for own in stacks]
        columns = self._layout.views(packed)
        for own in stacks:
            columns[OBS], columns[NEXT_OBS] = own
        return Batch._make([*columns, weight, row, size])
