"""Several small arrays in one transfer to a device, for which the host does not wait."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

WORD = 8  # bytes; every part begins at a whole word
Part = tuple[tuple[int, ...], type[np.generic]]  # shape and dtype


class Room(NamedTuple):
    """Where a part lies in a parcel."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in numbers
    dtype: np.dtype[Any]
    there: torch.dtype
    offset: int  # bytes


class Parcel:
    """Room for arrays on the host, to be filled and then sent.

    Page-locked where the device is a CUDA device, so that the copy runs by itself. torch keeps such
    memory from being used again before the copy is done, so a parcel may be dropped once it is
    sent. To the CPU nothing is copied: what arrives is this memory.

    Args:
        device: where to.
        parts: shape and dtype of each array.
    """

    def __init__(self, device: torch.device, *parts: Part) -> None:
        self.device, (self._rooms, words) = device, _rooms(parts)
        self.words = words
        self._block = torch.empty(words, dtype=torch.int64, pin_memory=device.type == "cuda")
        here = self._block.numpy()
        self.arrays: list[npt.NDArray[Any]] = [
            np.ndarray(room.shape, room.dtype, here, room.offset) for room in self._rooms
        ]

    def send(self) -> list[Tensor]:
        """The arrays on the device, in order; the first begins its storage."""
        return self.spread(self._block.to(self.device, non_blocking=True))

    def fill(self, block: Tensor) -> None:
        """Sends the arrays to `words` int64s on the device, from which `spread` reads them."""
        block.copy_(self._block, non_blocking=True)

    def spread(self, block: Tensor) -> list[Tensor]:
        """The arrays that lie in words on the device, as `send` gives them."""
        typed = {torch.int64: block}
        for room in self._rooms:
            if room.there not in typed:
                typed[room.there] = block.view(room.there)
        return [
            typed[room.there].as_strided(
                room.shape, room.strides, room.offset // room.dtype.itemsize
            )
            for room in self._rooms
        ]


def send(device: torch.device, *arrays: npt.NDArray[Any]) -> list[Tensor]:
    """Copies of arrays on the device, in one transfer."""
    parcel = Parcel(device, *((array.shape, array.dtype.type) for array in arrays))
    for room, array in zip(parcel.arrays, arrays, strict=True):
        room[...] = array
    return parcel.send()


@functools.lru_cache(maxsize=1024)  # as many as there are batch sizes in use
def _rooms(parts: tuple[Part, ...]) -> tuple[list[Room], int]:
    """Where the parts lie, and how many words they need in all."""
    rooms, words = [], 0
    for shape, kind in parts:
        dtype = np.dtype(kind)
        strides = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
        rooms.append(Room(shape, strides, dtype, getattr(torch, dtype.name), words * WORD))
        words += -(-math.prod(shape) * dtype.itemsize // WORD)
    return rooms, words
