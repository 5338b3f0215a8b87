"""Where frames lie: blocks of equal size that are used again once no row refers into them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.replay.storage.place import Octets, Place
from rlbatch.replay.storage.ring import Rows

Bools = npt.NDArray[np.bool_]
PARTS = 256  # blocks that a full ring spans, at least: what lies unused is under two of them
LEAST = 2  # frames


class Pool:
    """Frames of equal size, written by several streams, each into a block of its own.

    A number tells where a frame lies: 1 + block · F + place in the block. 0 is no frame. Frames of
    one stream leave about in the order in which they came, so that whole blocks become free.

    Args:
        place: makes blocks.
        streams: S.
        frame_bytes: of one frame.
        block_frames: F, frames a block; a power of two.
    """

    def __init__(self, place: Place, streams: int, frame_bytes: int, block_frames: int) -> None:
        self._place, self.frame_bytes, self.block_frames = place, frame_bytes, block_frames
        self.shift = block_frames.bit_length() - 1  # number to block
        self.current = np.full(streams, -1, np.int64)  # [S] block being filled, -1: none yet
        self.filled = np.full(streams, block_frames, np.int64)  # [S] frames in it
        self.open(0)

    @property
    def found(self) -> tuple[Rows, int, int]:
        """What a kernel finds a frame by: addresses of blocks, frames a block, bytes a frame."""
        return self.bases, self.block_frames, self.frame_bytes

    @property
    def streams(self) -> tuple[Rows, Rows]:
        """`[S]` the block that each stream fills, and frames in it; the arrays themselves."""
        return self.current, self.filled

    @property
    def nbytes(self) -> int:
        """Bytes of all blocks."""
        return len(self.blocks) * self.block_frames * self.frame_bytes

    def reserve(self, need: Rows, windows: Rows) -> Rows:
        """Blocks that streams go on in once their own are full, `[S, most]`, -1 where none is.

        Args:
            need: `[S]` frames that each is about to write.
            windows: numbers in use beside those that are counted, of any shape.
        """
        lacking = need - (self.block_frames - self.filled)
        wanted = -(-np.maximum(lacking, 0) // self.block_frames)
        ahead = np.full((len(need), max(1, int(wanted.max()))), -1, np.int64)
        ahead[np.arange(ahead.shape[1]) < wanted[:, None]] = self._take(int(wanted.sum()), windows)
        return ahead

    def used(self, windows: Rows) -> Bools:
        """Which blocks hold what is still needed: counted, in windows, or being filled."""
        used = self.counts > 0
        used[(windows[windows > 0] - 1) >> self.shift] = True
        used[self.current[self.current >= 0]] = True
        return used

    def settle(self, windows: Rows) -> None:
        """From now on nothing that is in use now is written over, until the next call.

        A place that outlives this process asks for it once it has written down which numbers
        rows have, so that they lead to the same frames when it is opened again.
        """
        self._lasting = self.used(windows)

    def open(self, num: int) -> None:
        """Has the place's first blocks, and no others; nothing refers to them yet.

        Where the place cannot give them, nothing is changed.
        """
        nbytes = self.block_frames * self.frame_bytes
        blocks = [self._place.block(index, nbytes) for index in range(num)]
        self.blocks: list[Octets] = blocks  # [F · frame_bytes] each
        self.bases = np.array([block.ctypes.data for block in blocks], np.int64)  # addresses
        self.counts = np.zeros(num, np.int64)  # how many numbers in rows refer into each block
        self._lasting = np.zeros(num, np.bool_)  # what the last `settle` found in use

    def _grow(self, num: int) -> None:
        for index in range(len(self.blocks), num):
            self.blocks.append(self._place.block(index, self.block_frames * self.frame_bytes))
            self.bases = np.append(self.bases, self.blocks[-1].ctypes.data)
            self.counts = np.append(self.counts, 0)
            self._lasting = np.append(self._lasting, False)

    def _take(self, num: int, windows: Rows) -> npt.NDArray[Any]:
        """Blocks that may be written over, the lowest first; new ones where there are too few."""
        if num == 0:
            return np.zeros(0, np.int64)
        free = np.flatnonzero(~(self.used(windows) | self._lasting))[:num]
        before = len(self.blocks)
        self._grow(before + num - len(free))
        return np.append(free, np.arange(before, len(self.blocks)))


def block_frames(capacity: int) -> int:
    """F, frames a block, for rings of `capacity` rows: a power of two."""
    return max(LEAST, 1 << (max(1, capacity // PARTS).bit_length() - 1))
