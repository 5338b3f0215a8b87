"""Blocks of memory that batches lie in: a fresh one for each draw, or the same one again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.sampling.sampler import DRAW, Drawn, refuse_empty
from rlbatch.replay.storage.gathering import fetch_of
from rlbatch.replay.storage.ring import Ring, Rows
from rlbatch.types import Batch

MOST = 64  # widths whose blocks are kept


class Block(NamedTuple):
    """Arrays of one batch, and the batch whose tensors share their memory."""

    numbers: Rows  # [L, B]
    packed: Rows  # [L, B, words]
    weight: npt.NDArray[np.float32]  # [L, B], or [B] where batches have no lane axis
    sizes: Rows  # [L], or []
    batch: Batch


class Blocks:
    """Fills blocks from a ring in memory.

    Args:
        layout: of its rows.
        lanes: None where batches have no lane axis.
        ring: where the rows lie.
    """

    def __init__(self, layout: Layout, lanes: int | None, ring: Ring) -> None:
        self._layout, self._ring = layout, ring
        self._lead = () if lanes is None else (lanes,)
        self._words = (layout.words,)
        self._fetch = fetch_of(layout.words)
        self._even: dict[int, Block] = {}  # by width: all lanes alike, all weights 1
        self._kept: dict[int, Block] = {}  # by width: any

    def uniform(
        self, seeds: Rows, counters: Rows, size: int, again: bool, step: int
    ) -> tuple[Batch, Rows]:
        """Draws B rows for every lane and gathers them, in one pass; as `Uniform` draws.

        Args:
            seeds: `[L]`.
            counters: `[L]`, which move on by `step`.
            size: B.
            again: in the block of this width that was used before.
            step: see `counters`.

        Returns:
            The batch, and the insertion numbers in it `[L, B]`.

        Raises:
            EmptyBufferError: a lane holds none.
        """
        block = self._again(size, self._even) if again else self._whole(size)
        ring, to = self._ring, (block.numbers, block.packed, step)
        empty = self._fetch(seeds, DRAW, counters, ring.rows, ring.head, ring.fill, *to)
        if empty >= 0:
            refuse_empty(empty)
        return block.batch, block.numbers

    def filled(self, drawn: Drawn, sizes: Rows, again: bool) -> Batch:
        """The rows that were drawn; in a block that was used before, if `again`."""
        width = drawn.numbers.shape[1]
        block = self._again(width, self._kept) if again else self._fresh(width)
        weight = block.weight.reshape(drawn.numbers.shape)
        self._ring.gather(drawn.numbers, block.packed, weight)
        block.numbers[...], block.sizes[...] = drawn.numbers, sizes
        if drawn.weight is not None:
            weight[...] = drawn.weight
        return block.batch

    def _again(self, width: int, kept: dict[int, Block]) -> Block:
        block = kept.get(width)
        if block is None:
            if len(kept) == MOST:  # a ladder has fewer rungs
                kept.clear()
            block = kept[width] = self._whole(width)
        return block

    def _whole(self, width: int) -> Block:
        """A fresh block whose rows are all their lane's own, and weigh 1."""
        block = self._fresh(width)
        block.weight.fill(1.0)
        block.sizes.fill(width)
        return block

    def _fresh(self, width: int) -> Block:
        lead = (*self._lead, width)
        packed = np.empty(lead + self._words, np.int64)
        numbers, weight = np.empty(lead, np.int64), np.empty(lead, np.float32)
        sizes, tensor = np.empty(self._lead, np.int64), torch.from_numpy
        columns = self._layout.columns(packed.view(self._layout.struct)[..., 0])
        own = tensor(weight), tensor(numbers), tensor(sizes)
        batch = Batch._make((*columns, *own))
        if not self._lead:
            numbers, packed = numbers[None], packed[None]
        return Block(numbers, packed, weight, sizes, batch)
