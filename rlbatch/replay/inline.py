"""Adding and drawing as operations on tensors, for programs that contain both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rlbatch.replay.buffer import ReplayBuffer
from rlbatch.replay.memory import Memory
from rlbatch.replay.resident import Resident
from rlbatch.replay.sampling.sampler import DRAW, DeviceDrawn
from rlbatch.replay.sampling.uniform import Uniform
from rlbatch.replay.storage.device import DeviceRing
from rlbatch.seeding import uniform_torch
from rlbatch.types import Batch


class Stretch(NamedTuple):
    """T steps of all environments, `[T, L, E, ...]` each, on the device."""

    obs: Tensor  # acted on
    action: Tensor
    reward: Tensor
    next_obs: Tensor
    terminated: Tensor
    truncated: Tensor


class InlineRows:
    """A memory whose lanes all hold as many rows, on a device, one a transition.

    What lies on the device is `write` and `draw`, which wait for nothing and may be captured. What
    the host counts is `passed`. Nothing is refused: the environments are trusted with finite
    numbers and actions that there are.

    Args:
        memory: of one-step rows of plain observations, none of them held out.
        ring: where they lie.
        seeds: one a lane.
        per_lane: environments a lane, E.
    """

    def __init__(
        self, memory: Memory, ring: DeviceRing, seeds: tuple[int, ...], per_lane: int
    ) -> None:
        self._memory, self._ring = memory, ring
        self._resident = Resident(memory.layout, len(seeds))
        self._gamma = memory.described.gamma
        device, lanes = ring.device, len(seeds)
        self._seeds = torch.tensor(seeds, dtype=torch.int64, device=device)
        self._running = torch.full((lanes, per_lane), -1, device=device)  # as Episodes counts them
        self._begun = torch.zeros(lanes, dtype=torch.int64, device=device)
        self._first = torch.arange(lanes, device=device)[:, None] * ring.capacity

    @property
    def even(self) -> bool:
        """Have all lanes been given as many rows?"""
        head = self._ring.head
        return bool((head == head[0]).all())

    @property
    def head(self) -> int:
        """Rows ever written to a lane."""
        return int(self._ring.head[0])

    def changed(self) -> list[Tensor]:
        """What `write` changes beside the rows."""
        return [self._running, self._begun]

    def enter(self) -> None:
        """Takes over the numbering of episodes; one transfer."""
        running, begun = self._memory.episodes.counts
        if running.shape == self._running.shape:
            self._running.copy_(torch.from_numpy(running))
        self._begun.copy_(torch.from_numpy(begun))

    def leave(self) -> None:
        """Hands the numbering of episodes back; waits for the device."""
        counts = {"running": self._running, "begun": self._begun}
        self._memory.episodes.load({name: own.numpy(force=True) for name, own in counts.items()})

    def passed(self, rows: int) -> None:
        """The host's part of writing: each lane has so many rows more."""
        ring = self._ring
        ring.head += rows
        ring.fill[:] = np.minimum(ring.head, ring.capacity)

    def write(self, head: Tensor, steps: Stretch) -> None:
        """Stores T · E rows a lane, in the order in which `ReplayBuffer.add` would.

        Args:
            head: `[]` int64, rows ever written to a lane before.
            steps: of all environments; T · E at most the capacity.
        """
        num, lanes, envs = steps.reward.shape
        words = self._memory.layout.words
        packed = torch.zeros((num, lanes, envs, words), dtype=torch.int64, device=head.device)
        discount = torch.where(steps.terminated, 0.0, self._gamma)
        told = steps.obs, steps.action, steps.reward, steps.next_obs, discount
        for column, value in zip(self._memory.layout.views(packed), told, strict=True):
            column.copy_(value)
        place = self._memory.layout.field("episode").offset // 4
        packed.view(torch.int32)[..., place] = self._numbered(steps)
        slots = (head + torch.arange(num * envs, device=head.device)) % self._ring.capacity
        rows = packed.transpose(0, 1).reshape(-1, words)
        self._ring.put((self._first + slots).reshape(-1), rows)

    def draw(self, head: Tensor, counter: Tensor, size: Tensor, width: int) -> Batch:
        """The rows that the uniform sampler draws.

        Args:
            head: `[]` int64, rows ever written to a lane by now.
            counter: `[]` int64, which draw this is.
            size: `[L]` int64, rows of each lane; copied, as what the host says is overwritten.
            width: B, of the widest.
        """
        fill = head.clamp(max=self._ring.capacity)
        share = uniform_torch(self._seeds, DRAW, counter, width)
        numbers = head - fill + (share * fill).long()
        own = torch.arange(width, device=head.device) < size[:, None]
        drawn = DeviceDrawn(torch.where(own, numbers, -1), own.float(), size.clone())
        return self._resident.drawn(self._ring, drawn)

    def _numbered(self, steps: Stretch) -> Tensor:
        """The episode of each row `[T, L, E]`; counts on, see `Episodes`."""
        ended = steps.terminated | steps.truncated
        fresh = torch.cat([(self._running < 0)[None], ended[:-1]])  # first row of an episode?
        order = fresh.transpose(0, 1).flatten(1).cumsum(1)  # [L, T · E] in time
        given = order.view(len(order), len(fresh), -1).transpose(0, 1) + (self._begun - 1)[:, None]
        known = torch.cat([self._running[None], torch.full_like(given[1:], -1)])
        number = torch.where(fresh, given, known).cummax(0).values  # later episodes, higher numbers
        self._begun += order[:, -1]
        self._running.copy_(torch.where(ended[-1], -1, number[-1]))
        return number


def can_inline(buffer: ReplayBuffer) -> bool:
    """Is what a buffer does when it adds and draws no more than what `InlineRows` does?"""
    told, memory = buffer.described, buffer._memory
    one_step = told.n_step == 1 and told.validation is None and memory.layout.plain
    return one_step and isinstance(told.sampler, Uniform) and isinstance(memory.ring, DeviceRing)


def inline_rows(buffer: ReplayBuffer, per_lane: int) -> InlineRows | None:
    """A buffer's rows for a program; None where it cannot be.

    Args:
        buffer: with lanes.
        per_lane: environments a lane, E.
    """
    memory = buffer._memory
    if not (can_inline(buffer) and isinstance(memory.ring, DeviceRing)):
        return None
    return InlineRows(memory, memory.ring, tuple(buffer.described.seeds), per_lane)
