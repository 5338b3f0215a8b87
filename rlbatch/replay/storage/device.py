"""Rings whose rows lie on a device; how many there are is known on the host."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.errors import ConfigError
from rlbatch.replay.storage.parcel import Parcel
from rlbatch.replay.storage.ring import Rows


class DeviceRing:
    """L rings of C rows on a device. A lane's number n lies in slot n % C until overwritten.

    Head and fill are the host's: `append` moves them without asking the device, so that numbers
    can be drawn there too. A row's place is lane · C + slot; the last place of all, L · C, holds
    the zeros that padding gets.

    Args:
        lanes: L.
        capacity: C, rows a lane.
        words: int64s a row.
        device: any that torch knows.

    Raises:
        ConfigError: the device has no room for so many rows.
    """

    def __init__(self, lanes: int, capacity: int, words: int, device: torch.device) -> None:
        self.capacity, self.device = capacity, device
        self._flat = _zeros((lanes * capacity + 1, words), device)
        self.rows = self._flat[:-1].view(lanes, capacity, words)
        self.head = np.zeros(lanes, np.int64)  # rows ever written
        self.fill = np.zeros(lanes, np.int64)  # rows held
        self._first = torch.arange(lanes, device=device)[:, None] * capacity  # place of slot 0

    @property
    def nbytes(self) -> int:
        return self._flat.nbytes + self.head.nbytes + self.fill.nbytes

    def append(self, packed: Rows, valid: npt.NDArray[np.bool_]) -> None:
        """Writes packed rows `[L, E, words]` where `valid` `[L, E]`, each lane at its own head.

        One transfer and one write, neither of which is waited for.
        """
        num = int(np.minimum(valid.sum(1), self.capacity).sum())
        if num == 0:
            return
        parcel = Parcel(self.device, ((num, packed.shape[2]), np.int64), ((num,), np.int64))
        _take(self.capacity, self.head, self.fill, packed, valid, *parcel.arrays)
        rows, places = parcel.send()
        self.put(places, rows)

    def put(self, places: Tensor, rows: Tensor) -> None:
        """Writes rows `[n, words]` to places `[n]`, all on the device; counts nothing."""
        self._flat.index_copy_(0, places, rows)

    def locate(self, numbers: Rows, places: Rows, weight: npt.NDArray[np.float32]) -> None:
        """Writes the places of the rows with insertion numbers `[L, B]`, all on the host.

        Negative numbers are padding: zeros, and weight 0 in `weight` `[L, B]` in place of 1.
        """
        _locate(self.capacity, self.head, numbers, places, weight)

    def places(self, numbers: Tensor) -> Tensor:
        """Places `[L, B]` of the rows with insertion numbers `[L, B]`, all on the device."""
        held = torch.remainder(numbers, self.capacity) + self._first
        return torch.where(numbers < 0, len(self._flat) - 1, held)

    def gather(self, places: Tensor) -> Tensor:
        """The rows `[L, B, words]` at places `[L, B]`: one kernel."""
        return self._flat.index_select(0, places.reshape(-1)).view(*places.shape, -1)

    def written(self) -> Rows:
        """All rows held, `[L, max fill, words]`, number n in slot n % C; waits for the device."""
        rows: Rows = self.rows[:, : int(self.fill.max())].numpy(force=True)
        return rows

    def load(self, rows: Rows, head: Rows, fill: Rows) -> None:
        """Takes what `written` gave, and the counts that go with it; all of it fits."""
        self.head[:], self.fill[:] = head, fill
        self.rows[:, : rows.shape[1]] = torch.from_numpy(rows).to(self.device)


class OnDevice:
    """A place for rows on a device; not for frames."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def ring(self, name: str, lanes: int, capacity: int, words: int) -> DeviceRing:
        """Empty rings, see `Place.ring`."""
        return DeviceRing(lanes, capacity, words, self._device)

    def block(self, index: int, nbytes: int) -> npt.NDArray[np.uint8]:
        """Refuses, see `Place.block`."""
        advice = 'Use storage="memory".'
        raise ConfigError("replay.frame_stack", "None with rows on a device", "frames", advice)


def _zeros(shape: tuple[int, int], device: torch.device) -> Tensor:
    try:
        return torch.zeros(shape, dtype=torch.int64, device=device)
    except RuntimeError:  # CUDA's OutOfMemoryError is one too
        got = f"{shape[0]} rows of {shape[1] * 8} bytes in all lanes"
        advice = 'Lower it, or use storage="memory".'
        raise ConfigError("replay.capacity", f"rows that fit {device}", got, advice) from None


@numba.njit(cache=True)
def _take(
    capacity: Any, head: Any, fill: Any, packed: Any, valid: Any, rows: Any, places: Any
) -> None:
    """Moves the heads, and leaves out rows that this very call would overwrite."""
    n = 0
    for lane in range(packed.shape[0]):
        coming = 0
        for e in range(packed.shape[1]):
            coming += valid[lane, e]
        for e in range(packed.shape[1]):
            if not valid[lane, e]:
                continue
            if coming <= capacity:
                for w in range(packed.shape[2]):
                    rows[n, w] = packed[lane, e, w]
                places[n] = lane * capacity + head[lane] % capacity
                n += 1
            coming -= 1
            head[lane] += 1
        fill[lane] = min(head[lane], capacity)


@numba.njit(cache=True)
def _locate(capacity: Any, head: Any, numbers: Any, places: Any, weight: Any) -> None:
    lanes = head.shape[0]
    for lane in range(lanes):
        turn = head[lane] - head[lane] % capacity  # number of the row in slot 0, this time round
        for b in range(numbers.shape[1]):
            number = numbers[lane, b]
            if number < 0:
                places[lane, b], weight[lane, b] = lanes * capacity, 0.0
                continue
            slot = number - turn if number >= turn else number - turn + capacity
            places[lane, b], weight[lane, b] = lane * capacity + slot, 1.0
