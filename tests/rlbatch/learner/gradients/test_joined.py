"""Neighbouring lanes of like size go together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.learner.gradients.joined import Block, blocks_of


@pytest.mark.parametrize(
    ("sizes", "blocks"),
    [
        ([32], [(0, 1, 32)]),
        ([32, 64, 32], [(0, 3, 64)]),
        ([32, 255], [(0, 2, 255)]),
        ([32, 256], [(0, 1, 32), (1, 2, 256)]),
        ([512, 512, 32, 32], [(0, 2, 512), (2, 4, 32)]),
        ([8, 32, 64, 8], [(0, 2, 32), (2, 3, 64), (3, 4, 8)]),
    ],
)
def test_a_block_ends_where_the_next_lane_is_unlike(
    sizes: list[int], blocks: list[tuple[int, int, int]]
) -> None:
    assert blocks_of(np.array(sizes)) == tuple(Block(*block) for block in blocks)


@given(st.lists(st.integers(1, 4096), min_size=1, max_size=30))
def test_every_lane_is_in_one_block_that_is_wide_enough_and_not_much_wider(
    sizes: list[int],
) -> None:
    blocks = blocks_of(np.array(sizes))
    assert [lane for block in blocks for lane in range(block.start, block.stop)] == list(
        range(len(sizes))
    )
    for block in blocks:
        own = sizes[block.lanes]
        assert block.rows == max(own) < 8 * min(own)
