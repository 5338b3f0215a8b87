"""The prioritised sampler for rows on a device: priorities lie there too, and TD errors stay."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from rlbatch.replay.sampling.priorities import LEAST, MOST, aim
from rlbatch.replay.sampling.prioritised import Prioritised, PrioritisedSampler, require_one_each
from rlbatch.replay.sampling.sampler import DRAW, DeviceDrawn, refuse_empty
from rlbatch.replay.sampling.sum_tree import Floats
from rlbatch.replay.storage.parcel import send
from rlbatch.replay.storage.ring import Counts, Rows

GROUPS = 512  # into which a lane's leaves are cut to be summed
LEAF = 16  # leaves a group at least, as in the sum tree


class PrioritisedOnDevice:
    """`Prioritised` with its leaves p^α on a device; a draw sums them anew.

        slot = the least s with  Σ_{i ≤ s} p^α > u · Σ p^α,   u as on the CPU

    The sum is a float64 cumulative one, in groups, so that all lanes and groups are summed at once
    and in an order that hangs on L and C alone: the same counter over the same leaves draws the
    same rows. They are the CPU's rows too, up to targets that rounding puts beyond the end of a
    leaf. A draw reads and writes C numbers a lane; no tree is climbed kernel by kernel.

    Nothing is ever waited for, so a TD error that is not finite, or is of a row never stored,
    cannot be refused: such a row keeps its priority, and is counted in `unsound`.
    """

    def __init__(
        self, settings: Prioritised, lanes: int, capacity: int, device: torch.device
    ) -> None:
        self.settings, self._capacity, self._device = settings, capacity, device
        self._group = LEAF << (capacity // (GROUPS * LEAF)).bit_length()
        width = -(-(capacity + 1) // self._group) * self._group  # slot C takes what is for no row
        self._leaves = self._full((lanes, width), 0.0)
        self._last = torch.full((lanes, width), -1, dtype=torch.int32, device=device)
        self.highest = self._full((lanes,), 1.0)  # p^α that a new row gets
        self.beta = self._full((lanes,), settings.beta)  # as it stands now
        self.updates, self.stale, self.unsound = (
            torch.zeros(lanes, dtype=torch.int64, device=device) for _ in range(3)
        )  # [L] updates of priorities; TD errors of rows that had gone; TD errors without meaning

    def draw(self, ring: Counts, seeds: Rows, counters: Rows, sizes: Rows) -> DeviceDrawn:
        """Insertion numbers and weights `[L, max size]`, see `Sampler.draw`.

        Raises:
            EmptyBufferError: a lane that must give rows holds none.
        """
        shares = np.empty((len(sizes), max(sizes.tolist())))
        held = (ring.fill > 0).astype(np.float64)  # in place of the total, which is not known here
        refuse_empty(aim(seeds, DRAW, counters, held, sizes, self.settings.stratified, shares))
        place = ring.head % self._capacity
        lanes = np.stack([sizes, np.maximum(ring.fill - 1, 0), place, ring.head - place])
        share, told = send(self._device, shares, lanes)
        size, newest, place_there, turn = told[..., None]
        ends = self._ends()
        target = share * ends[:, -1:]
        slots = torch.searchsorted(ends, target, right=True).minimum(newest)
        own = share >= 0.0
        weight = self._weights(slots, own, size)
        numbers = slots + torch.where(slots < place_there, turn, turn - self._capacity)
        return DeviceDrawn(torch.where(own, numbers, -1), weight, told[0])

    def _ends(self) -> Tensor:
        """Σ of the leaves up to and with each slot, `[L, width]`."""
        groups = self._leaves.view(len(self._leaves), -1, self._group)
        within = groups.cumsum(2)
        before = functional.pad(within[:, :-1, -1].cumsum(1), (1, 0))
        return within.add_(before[..., None]).flatten(1)

    def _weights(self, slots: Tensor, own: Tensor, size: Tensor) -> Tensor:
        """P^−β over its mean or maximum in the lane, 0 in padding; all else in w cancels."""
        raw = torch.where(own, self._leaves.gather(1, slots) ** -self.beta[:, None], 0.0)
        if self.settings.normalise == "max":
            unit = functional.pad(raw, (0, 1)).amax(1, keepdim=True)
        else:
            unit = raw.sum(1, keepdim=True) / size.clamp_min(1)
        return torch.where(own, raw / unit, 0.0).float()

    def added(self, ring: Counts, before: Rows) -> None:
        """Gives rows from `before` `[L]` up to the heads the highest priority of their lane."""
        most = min(int((ring.head - before).max()), self._capacity)
        numbers = ring.head[:, None] - np.arange(most) - 1
        new = numbers >= before[:, None]
        if not new.any():
            return
        (slots,) = send(self._device, np.where(new, numbers % self._capacity, self._capacity))
        self._set(slots, self.highest[:, None].expand(slots.shape))

    def update(self, ring: Counts, numbers: Tensor, td_error: Tensor) -> None:
        """Takes TD errors of any sign. Of two for one row the later stays.

        Rows overwritten since they were drawn are left out, and counted in `stale`. Rows never
        stored, and TD errors that are not finite, change nothing and are counted in `unsound`.

        Args:
            ring: where the rows lie.
            numbers: `[L, B]` insertion numbers; negative is padding, whatever its TD error.
            td_error: `[L, B]` δ.

        Raises:
            DataError: other shapes; nothing is changed.
        """
        require_one_each(len(self.stale), numbers, td_error)
        numbers, error = numbers.to(self._device), td_error.to(self._device)
        (counts,) = send(self._device, np.stack([ring.head, ring.head - ring.fill]))
        head, oldest = counts[..., None]
        told = numbers >= 0
        sound = told & (numbers < head) & error.isfinite()
        news = sound & (numbers >= oldest)
        power = (error.double().abs() + self.settings.eps) ** self.settings.alpha
        leaf = torch.where(news, power.clamp(LEAST, MOST), 0.0)
        slots = torch.where(news, torch.remainder(numbers, self._capacity), self._capacity)
        self._set(self._without_earlier(slots), leaf)
        self.highest = self.highest.maximum(functional.pad(leaf, (0, 1)).amax(1))
        self.updates += told.any(1)
        self.stale += (sound & ~news).sum(1)
        self.unsound += (told & ~sound).sum(1)
        self._move_beta()

    def _without_earlier(self, slots: Tensor) -> Tensor:
        """Slots `[L, B]`, of which every one stands where it stood last; elsewhere C."""
        turns = torch.arange(slots.shape[1], dtype=torch.int32, device=self._device)
        turns = turns.expand(slots.shape)
        self._last.scatter_reduce_(1, slots, turns, "amax")
        later = self._last.gather(1, slots) > turns
        self._last.scatter_(1, slots, -1)
        return torch.where(later, self._capacity, slots)

    def _set(self, slots: Tensor, values: Tensor) -> None:
        """Sets leaves, no slot below C twice; what is for slot C is no row's, and 0 there."""
        self._leaves.scatter_(1, slots, torch.where(slots < self._capacity, values, 0.0))

    def _move_beta(self) -> None:
        until, settings = self.settings.beta_updates, self.settings
        if until is not None:
            slope = (settings.beta_end - settings.beta) / until
            moved = self.updates.double() * slope + settings.beta
            self.beta = torch.where(self.updates < until, moved, settings.beta_end)

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """As `PrioritisedSampler.state`, so that files go from device to device."""
        width = -(-self._capacity // LEAF) * LEAF
        counts = {"highest": self.highest, "updates": self.updates, "stale": self.stale}
        own = {"leaves": self._leaves[:, :width], **counts}
        return {name: tensor.numpy(force=True) for name, tensor in own.items()}

    def load(self, ring: Counts, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Takes a `state` back, see `PrioritisedSampler.load`; `unsound` counts from 0.

        Raises:
            DataError: arrays that do not fit, or priorities that no `state` has; nothing is
                changed.
        """
        judge = PrioritisedSampler(self.settings, len(self.stale), self._capacity)
        judge.load(ring, state)
        self._leaves[:, : judge.tree.leaves.shape[1]] = self._there(judge.tree.leaves)
        self.highest = self._there(judge.highest)
        self.updates, self.stale = self._there(judge.updates), self._there(judge.stale)
        self.unsound.zero_()
        self._move_beta()

    def _there(self, array: Floats | Rows) -> Tensor:
        return torch.from_numpy(array.copy()).to(self._device)

    def _full(self, shape: tuple[int, ...], value: float) -> Tensor:
        return torch.full(shape, value, dtype=torch.float64, device=self._device)
