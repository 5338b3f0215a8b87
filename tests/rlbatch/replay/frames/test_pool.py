"""Blocks of frames: filled by streams, free once nothing refers into them, kept after a settle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from rlbatch.replay.frames.pool import Pool, block_frames
from rlbatch.replay.storage.place import InMemory
from rlbatch.replay.storage.ring import Rows

NOTHING = np.zeros(0, np.int64)


def made(streams: int = 1) -> Pool:
    """Blocks of four frames of three bytes."""
    return Pool(InMemory(), streams, 3, 4)


def need(*frames: int) -> Rows:
    return np.array(frames)


def fill(pool: Pool, stream: int, block: int) -> None:
    """Block after block, as a stream goes on, with all rows referring to one of its frames."""
    pool.current[stream], pool.filled[stream] = block, 4
    pool.counts[block] = 1


def test_a_stream_that_needs_more_than_its_block_has_gets_as_many_blocks() -> None:
    pool = made(3)
    pool.reserve(need(4, 0, 0), NOTHING)
    pool.current[0], pool.filled[0] = 0, 1
    ahead = pool.reserve(need(3, 1, 9), NOTHING)
    assert ahead.tolist() == [[-1, -1, -1], [1, -1, -1], [2, 3, 4]]
    assert [len(block) for block in pool.blocks] == [12] * 5
    assert pool.nbytes == 5 * 12


def test_what_is_referred_to_is_not_free() -> None:
    pool = made()
    pool.reserve(need(20), NOTHING)
    fill(pool, 0, 1)
    pool.current[0] = 2
    window = np.array([0, 1 + 3 * 4])  # no frame, and the first of block 3
    assert pool.used(window).tolist() == [False, True, True, True, False]


def test_free_blocks_come_before_new_ones_and_the_lowest_first() -> None:
    pool = made()
    pool.reserve(need(12), NOTHING)
    fill(pool, 0, 1)
    assert pool.reserve(need(9), NOTHING).tolist() == [[0, 2, 3]]
    assert len(pool.blocks) == 4


def test_what_was_in_use_at_the_last_settle_is_not_written_over() -> None:
    pool = made()
    pool.reserve(need(8), NOTHING)
    fill(pool, 0, 0)
    pool.settle(NOTHING)
    fill(pool, 0, 1)
    pool.counts[0] = 0  # free, but for what was settled
    assert pool.reserve(need(1), NOTHING).tolist() == [[2]]
    pool.settle(NOTHING)
    assert pool.reserve(need(1), NOTHING).tolist() == [[0]]


def test_windows_are_settled_too() -> None:
    pool = made()
    pool.reserve(need(4), NOTHING)
    pool.settle(np.array([2]))
    assert pool.reserve(need(4), NOTHING).tolist() == [[1]]


def test_addresses_are_those_of_the_blocks() -> None:
    pool = made()
    pool.reserve(need(8), NOTHING)
    assert pool.bases.tolist() == [block.ctypes.data for block in pool.blocks]
    before = pool.blocks
    pool.open(1)
    assert pool.blocks[0] is not before[0]
    assert pool.bases.tolist() == [pool.blocks[0].ctypes.data]


@pytest.mark.parametrize(
    ("capacity", "frames"), [(1, 2), (511, 2), (512, 2), (1024, 4), (10_000, 32), (10**6, 2048)]
)
def test_a_block_is_a_power_of_two_of_frames_and_little_of_a_large_buffer(
    capacity: int, frames: int
) -> None:
    assert block_frames(capacity) == frames


def test_two_blocks_are_under_a_hundredth_of_a_million_rows() -> None:
    share: npt.NDArray[np.float64] = 2 * np.array([block_frames(10**6)]) / 10**6
    assert share < 0.01
