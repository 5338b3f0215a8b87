"""From a wanted size to a batch: sampler, draw counters, and what is looked at but not learned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.errors import EmptyBufferError
from rlbatch.replay.accounts import Accounts
from rlbatch.replay.batches import Batches
from rlbatch.replay.blocks import Blocks
from rlbatch.replay.looks import Look
from rlbatch.replay.memory import Memory
from rlbatch.replay.resident import Resident
from rlbatch.replay.rows.express import Columns
from rlbatch.replay.sampling.laber import LaberSampler
from rlbatch.replay.sampling.prioritised_device import PrioritisedOnDevice
from rlbatch.replay.sampling.sampler import Drawn, Forgetful, require_held
from rlbatch.replay.sampling.start import OWN, Drawer, started
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.sizes import PerLane, Sizes
from rlbatch.replay.storage.device import DeviceRing
from rlbatch.replay.storage.place import AnyRing
from rlbatch.replay.storage.ring import Ring, Rows
from rlbatch.replay.telling import Told, array_of, told_of
from rlbatch.types import Batch

Floats = npt.NDArray[np.float64]
Expect = Callable[[int], None]  # told how many rows a lane may come, before any does
Surrogate = Callable[[Batch], Tensor]  # TD errors [B], or [L, B], of a batch


class Maker(Protocol):
    """Makes batches of the rows of one kind of ring, from draws that were made for it."""

    def batch(self, ring: Any, drawn: Any, sizes: Rows) -> Batch:
        """The batch of the rows that were drawn, of which each lane has its size `[L]`."""
        ...


class Drawing:
    """Draws from a memory. See `ReplayBuffer` for what each call takes and gives.

    Args:
        memory: where the rows are.
        device: where batches arrive.
    """

    def __init__(self, memory: Memory, device: torch.device) -> None:
        described = memory.described
        self._memory = memory
        self._seeds = np.array(described.seeds, np.int64)
        self.draws = np.zeros(described.num_lanes, np.int64)  # the buffer's own counter
        self._wanted = PerLane(described.num_lanes)
        self._batches: Maker = Batches(memory.layout, described.lanes, device, memory.frames)
        if isinstance(memory.ring, DeviceRing):
            self._batches = Resident(memory.layout, described.lanes)
        self._surrogate: Surrogate | None = None
        self._blocks: Blocks | None = None
        if type(memory.ring) is Ring and device.type == "cpu" and described.frame_stack is None:
            self._blocks = Blocks(memory.layout, described.lanes, memory.ring)
        self.accounts: Accounts | None = None
        if described.accounting and isinstance(memory.ring, Ring):
            self.accounts = Accounts(memory.ring, memory.layout)
        self.version = 0  # how often the sampler changed: draws made ahead of that are void
        self.use(started(described.sampler, memory.ring))

    def use(self, sampler: Drawer) -> None:
        """From now on rows are drawn by this one."""
        self.sampler = sampler
        self.version += 1
        kind = type(sampler)
        told = "added", "update"
        deaf = all(getattr(kind, name) is getattr(Forgetful, name, None) for name in told)
        self.forgetful = isinstance(sampler, Forgetful) and deaf
        self._uniformly = kind is Uniform
        self._foreign = not isinstance(sampler, OWN)
        if self._surrogate is not None:
            self.ask(self._surrogate)

    def ask(self, surrogate: Surrogate) -> None:
        """A sampler that draws by what the learner says of a larger batch asks this for it."""
        self._surrogate = surrogate
        if isinstance(self.sampler, LaberSampler):
            self.sampler.ask = lambda drawn, sizes: self._told(surrogate, drawn, sizes)

    def add(self, columns: Columns, valid: object, room: Expect | None) -> None:
        """Has transitions remembered, and tells the sampler of rows that are new."""
        if self.forgetful:
            self._memory.add(columns, valid, room)
            return
        before = self._memory.ring.head.copy()
        try:
            self._memory.add(columns, valid, room)
        finally:  # also where a Ctrl-C came in between
            self.sampler.added(self._memory.ring, before)

    def sample(self, size: Sizes, counter: Sizes | None, reuse: bool) -> Batch:
        """Rows as the sampler draws them."""
        sizes = self._wanted.sizes(size)
        counters = self.draws if counter is None else self._wanted.numbers(counter, "counter")
        ring, blocks = self._memory.ring, self._blocks
        numbers: Rows | Tensor
        if blocks is not None and self._uniformly and type(size) is int:
            step = 1 if counter is None else 0
            batch, numbers = blocks.uniform(self._seeds, counters, size, reuse, step)
        else:
            drawn = self.sampler.draw(ring, self._seeds, counters, sizes)
            if self._foreign and isinstance(drawn, Drawn):
                require_held(drawn, ring, sizes)
            numbers = drawn.numbers
            if blocks is not None and isinstance(drawn, Drawn):
                batch = blocks.filled(drawn, sizes, reuse)
            else:
                batch = self._batches.batch(ring, drawn, sizes)
            if counter is None:
                np.add(self.draws, 1, out=self.draws)  # half the cost of +=
        if self.accounts is not None and isinstance(numbers, np.ndarray):
            self.accounts.note(numbers)  # their rows are near by now
        return batch

    def peek(self, size: Sizes, counter: Sizes) -> Batch:
        """Rows drawn uniformly, whatever the sampler."""
        return self._uniform(self._memory.ring, self._wanted.sizes(size), counter)

    def held_out(self, size: Sizes, counter: Sizes) -> Batch:
        """Rows drawn uniformly from what is held out; lanes without any give padding."""
        ring = self._memory.apart()
        sizes = self._wanted.sizes(size) * (ring.fill > 0)
        if not sizes.any():
            advice = "Every k-th episode is held out, from its first transition on."
            raise EmptyBufferError("replay.held_out", "at least 1 row held out", 0, advice)
        return self._uniform(ring, sizes, counter)

    def look(self, look: Look, ring: AnyRing | None = None) -> Batch:
        """Rows that no sampler chose, of the ring that samplers draw from or of another one."""
        return self._batches.batch(self._memory.ring if ring is None else ring, *look)

    def tell(self, row: Told, td_error: Told) -> None:
        """Hands TD errors to a sampler that has a use for them; if it can, where they are."""
        if self.forgetful:
            return
        own = told_of(row, td_error, self._memory.described.lanes)
        lanes = len(self._seeds)
        if isinstance(self.sampler, PrioritisedOnDevice):
            told = (x.detach().reshape(lanes, -1) for x in own)
            self.sampler.update(self._memory.ring, *told)
            return
        numbers, errors = array_of(own[0], lanes), array_of(own[1], lanes)
        self.sampler.update(self._memory.ring, numbers, errors.astype(np.float64))

    def _uniform(self, ring: AnyRing, sizes: Rows, counter: Sizes) -> Batch:
        counters = self._wanted.numbers(counter, "counter")
        return self._batches.batch(ring, Uniform().draw(ring, self._seeds, counters, sizes), sizes)

    def _told(self, surrogate: Surrogate, drawn: Drawn, sizes: Rows) -> Floats:
        """What the learner says of a large draw; on a GPU the wait for it."""
        batch = self._batches.batch(self._memory.ring, drawn, sizes)
        _, told = told_of(batch.row, surrogate(batch), self._memory.described.lanes)
        return told.numpy(force=True).reshape(drawn.numbers.shape).astype(np.float64)
