"""Blocks of bytes in one growing file."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import numpy as np

from rlbatch.replay.storage.mapped import Mapped, allot, told_of
from rlbatch.replay.storage.place import Octets

PAGE = mmap.ALLOCATIONGRANULARITY  # a part of a file is mapped from a multiple of this on


class BlockFile:
    """Blocks of equal size. Part p of the file holds blocks 2ᵖ − 1 … 2ᵖ⁺¹ − 2 and is mapped as one.

    A mapping of its own for each block would hold an open file each, and of those a process may
    have few. What of a part no block has been asked for takes no place on the disk.

    Args:
        path: the file, which is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parts: list[Mapped] = []

    def block(self, index: int, nbytes: int) -> Octets:
        """Block `index`, of as many bytes as all others; what lies there stays.

        Raises:
            FileError: no room for it.
        """
        stride, part = -(-nbytes // PAGE) * PAGE, (index + 1).bit_length() - 1
        with told_of(self.path, f"room for {nbytes} bytes"), self.path.open("r+b") as file:
            allot(file.fileno(), index * stride, nbytes)
            if os.fstat(file.fileno()).st_size < (end := ((2 << part) - 1) * stride):
                os.ftruncate(file.fileno(), end)
            os.fsync(file.fileno())
        for mapped in range(len(self._parts), part + 1):
            start, num = (1 << mapped) - 1, 1 << mapped
            self._parts.append(Mapped(self.path, start * stride, num * stride))
        inside = (index + 1 - (1 << part)) * stride
        found: Octets = self._parts[part].array(np.uint8)[inside : inside + nbytes]
        return found

    @property
    def file_bytes(self) -> int:
        """Length of the file, of which less lies on the disk."""
        return self.path.stat().st_size

    def sync(self) -> None:
        """Returns once all that was written is on the disk."""
        for part in self._parts:
            part.sync()
