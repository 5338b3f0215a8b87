"""From a wanted size to a batch: sampler, draw counters, and what is looked at but not learned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.replay.batches import Batches
from rlbatch.replay.looks import Look
from rlbatch.replay.memory import Memory
from rlbatch.replay.sampling.laber import LaberSampler
from rlbatch.replay.sampling.sampler import Drawn, Forgetful, Sampler, refuse_empty
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.sizes import PerLane, Sizes
from rlbatch.replay.storage.ring import Ring, Rows
from rlbatch.types import Batch

Floats = npt.NDArray[np.float64]
Surrogate = Callable[[Batch], Tensor]  # TD errors [B], or [L, B], of a batch


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
        self._batches = Batches(memory.layout, described.lanes, device)
        self._surrogate: Surrogate | None = None
        self.use(described.sampler.start(described.num_lanes, described.capacity))

    def use(self, sampler: Sampler) -> None:
        """From now on rows are drawn by this one."""
        self.sampler = sampler
        self.forgetful = isinstance(sampler, Forgetful)
        if self._surrogate is not None:
            self.ask(self._surrogate)

    def ask(self, surrogate: Surrogate) -> None:
        """A sampler that draws by what the learner says of a larger batch asks this for it."""
        self._surrogate = surrogate
        if isinstance(self.sampler, LaberSampler):
            self.sampler.ask = lambda drawn, sizes: self._told(surrogate, drawn, sizes)

    def sample(self, size: Sizes, counter: Sizes | None) -> Batch:
        """Rows as the sampler draws them."""
        sizes = self._wanted.sizes(size)
        counters = self.draws if counter is None else self._wanted.numbers(counter, "counter")
        ring = self._memory.ring
        drawn = self.sampler.draw(ring, self._seeds, counters, sizes)
        if counter is None:
            np.add(self.draws, 1, out=self.draws)  # half the cost of +=
        return self._batches.batch(ring, drawn, sizes)

    def peek(self, size: Sizes, counter: Sizes) -> Batch:
        """Rows drawn uniformly, whatever the sampler."""
        return self._uniform(self._memory.ring, self._wanted.sizes(size), counter)

    def held_out(self, size: Sizes, counter: Sizes) -> Batch:
        """Rows drawn uniformly from what is held out; lanes without any give padding."""
        ring = self._memory.apart()
        sizes = self._wanted.sizes(size) * (ring.fill > 0)
        refuse_empty(-1 if sizes.any() else 0)
        return self._uniform(ring, sizes, counter)

    def look(self, look: Look) -> Batch:
        """Rows that no sampler chose."""
        return self._batches.batch(self._memory.ring, *look)

    def tell(self, row: Tensor, td_error: Tensor) -> None:
        """Hands TD errors to a sampler that has a use for them."""
        if self.forgetful:
            return
        numbers, errors = (
            x.numpy(force=True).reshape(len(self._seeds), -1) for x in (row, td_error)
        )
        self.sampler.update(self._memory.ring, numbers, errors.astype(np.float64))

    def _uniform(self, ring: Ring, sizes: Rows, counter: Sizes) -> Batch:
        counters = self._wanted.numbers(counter, "counter")
        return self._batches.batch(ring, Uniform().draw(ring, self._seeds, counters, sizes), sizes)

    def _told(self, surrogate: Surrogate, drawn: Drawn, sizes: Rows) -> Floats:
        told = surrogate(self._batches.batch(self._memory.ring, drawn, sizes))
        return told.numpy(force=True).reshape(drawn.numbers.shape).astype(np.float64)
