"""Batches sent ahead: while a learner is at work on one, the next is already on its way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from rlbatch.errors import require
from rlbatch.replay.buffer import ReplayBuffer
from rlbatch.replay.sampling.laber import LaberSampler
from rlbatch.replay.sampling.without_replacement import WithoutReplacementSampler
from rlbatch.replay.sizes import PerLane, Sizes
from rlbatch.replay.storage.device import DeviceRing
from rlbatch.replay.storage.ring import Rows
from rlbatch.types import Batch


class Wanted(NamedTuple):
    """What tells one draw from another."""

    sizes: tuple[int, ...]  # B of each lane
    counters: tuple[int, ...]  # of each lane
    version: int  # of the buffer's sampler


class Sent(NamedTuple):
    """A batch that nobody has asked for yet."""

    wanted: Wanted
    batch: Batch
    arrived: torch.cuda.Event | None  # None: it need not travel


class Ahead:
    """Draws each batch one call early, and sends it while the device computes.

    For rows in memory and a learner on a CUDA device: a batch is gathered into page-locked memory
    and copied on a stream of its own; the next one takes another block while that copy is under
    way. Elsewhere nothing has to be sent, and the draws are the same.

    The n-th call draws the buffer's n-th counter, as without this. A batch carries the B it was
    drawn for: where another B is wanted it is dropped, and its counter is drawn again with that B,
    so a B that moves leaves no gap. What is sent ahead does not see what is added, nor priorities
    that change, between its draw and the call that returns it, one call later. After
    `load_state_dict`, or a draw of the buffer's own, nothing that was sent ahead is returned.

    A sampler of one's own must draw the same batch again at the same counter.

    Args:
        buffer: to draw from.

    Raises:
        ConfigError: a sampler whose draws change what it draws next or ask the learner (without
            replacement, LaBER), or a buffer that counts its draws.
    """

    def __init__(self, buffer: ReplayBuffer) -> None:
        sampler, advice = buffer.sampler, "Call `sample` of the buffer itself."
        bound = isinstance(sampler, WithoutReplacementSampler | LaberSampler)
        told = type(sampler).__name__
        require(not bound, "replay.Ahead", "a sampler that may draw twice", told, advice)
        uncounted = not buffer.described.accounting
        require(uncounted, "replay.Ahead", "a buffer that counts no draws", "accounting", advice)
        self._buffer, self._drawing = buffer, buffer._drawing
        self._size = PerLane(len(self._drawing.draws))
        in_memory = not isinstance(buffer._memory.ring, DeviceRing)
        self._stream: torch.cuda.Stream | None = None
        if in_memory and buffer.device.type == "cuda":
            self._stream = torch.cuda.Stream(buffer.device)  # type: ignore[no-untyped-call]
        self._next: Sent | None = None

    def sample(self, size: Sizes) -> Batch:
        """As `ReplayBuffer.sample` at the buffer's own counter, but drawn one call ago.

        Args:
            size: rows B, one for all lanes or one each.

        Raises:
            ConfigError: B negative, or 0 in every lane.
            EmptyBufferError: a lane that must give rows holds none.
        """
        sizes = self._size.sizes(size)
        sent, self._next = self._next, None
        if sent is not None and sent.wanted == self._wanted(sizes):
            self._drawing.draws += 1
            batch = self._received(sent)
        else:
            batch = self._buffer.sample(sizes)
        self._next = self._send(sizes)
        return batch

    def _wanted(self, sizes: Rows) -> Wanted:
        own = self._drawing
        return Wanted(tuple(sizes.tolist()), tuple(own.draws.tolist()), own.version)

    def _send(self, sizes: Rows) -> Sent:
        counters, wanted = self._drawing.draws, self._wanted(sizes)
        if self._stream is None:
            return Sent(wanted, self._buffer.sample(sizes, counters), None)
        with torch.cuda.stream(self._stream):
            batch = self._buffer.sample(sizes, counters)
            return Sent(wanted, batch, self._stream.record_event())

    def _received(self, sent: Sent) -> Batch:
        if sent.arrived is not None:
            now = torch.cuda.current_stream(self._buffer.device)
            now.wait_event(sent.arrived)
            for tensor in _tensors(sent.batch):
                tensor.record_stream(now)  # its memory is not free before this stream is done
        return sent.batch


def _tensors(tree: object) -> Iterator[Tensor]:
    if isinstance(tree, Tensor):
        yield tree
    else:
        for part in tree.values() if isinstance(tree, dict) else tree:  # type: ignore[attr-defined]
            yield from _tensors(part)
