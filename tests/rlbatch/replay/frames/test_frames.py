"""Frames stored once, by hand: which frames rows share, and that stacks come back as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from gymnasium import spaces

from rlbatch.errors import DataError
from rlbatch.replay import ReplayBuffer

K = 3  # frames a stack
SPACE = spaces.Box(0, 255, (K, 2, 2), np.uint8)
Pixels = tuple[int, ...]  # one number a frame, oldest first


def made(capacity: int = 20, **settings: Any) -> ReplayBuffer:
    return ReplayBuffer(capacity, SPACE, spaces.Discrete(4), frame_stack=K, **settings)


def stacks(*pixels: Pixels) -> npt.NDArray[np.uint8]:
    """One stack of 2 × 2 frames for each environment, `[E, 3, 2, 2]`."""
    return np.array(pixels, np.uint8)[..., None, None].repeat(2, -1).repeat(2, -2)


def add(
    buffer: ReplayBuffer,
    obs: Pixels,
    next_obs: Pixels,
    *,
    terminated: bool = False,
    truncated: bool = False,
    valid: bool | None = None,
) -> None:
    """One transition of one environment."""
    kept = None if valid is None else [valid]
    buffer.add(stacks(obs), [0], [0.0], stacks(next_obs), [terminated], [truncated], kept)


def walk(buffer: ReplayBuffer, first: int, last: int) -> None:
    """Steps whose newest frames, of obs and then of next_obs, are first … last."""
    for t in range(first, last):
        add(buffer, (t - 2, t - 1, t), (t - 1, t, t + 1))


def numbers(buffer: ReplayBuffer, ring: Any = None) -> list[list[int]]:
    """Of each row's frames, those of obs and then those of next_obs."""
    rows = (ring or buffer._memory.ring).written()[0]
    struct = rows.view(buffer.layout.struct)[:, 0]
    found: list[list[int]] = np.concatenate([struct["obs"], struct["next_obs"]], 1).tolist()
    return found


def stored(buffer: ReplayBuffer) -> int:
    """Frames that rows refer to."""
    return len({number for row in numbers(buffer) for number in row})


def shown(buffer: ReplayBuffer) -> list[tuple[Pixels, Pixels]]:
    """The pixels of each row, oldest first."""
    batch = buffer.whole()
    for column in (batch.obs, batch.next_obs):
        assert (column == column[..., :1, :1]).all()
        assert column.dtype == torch.uint8
    pairs = zip(batch.obs[..., 0, 0].tolist(), batch.next_obs[..., 0, 0].tolist(), strict=True)
    return [(tuple(obs), tuple(next_obs)) for obs, next_obs in pairs]


@pytest.mark.parametrize(
    ("obs", "next_obs", "frames"),
    [
        ((1, 1, 1), (1, 1, 2), 2),  # a start that repeats its frame
        ((0, 0, 1), (0, 1, 2), 3),  # one that is padded with zeros
        ((1, 2, 3), (2, 3, 4), 4),  # one with a history
        ((1, 2, 3), (4, 5, 6), 6),  # no step of a stack at all
        ((1, 1, 1), (1, 1, 1), 2),  # the newest frame is always its own
    ],
)
def test_a_row_stores_each_frame_once(obs: Pixels, next_obs: Pixels, frames: int) -> None:
    buffer = made()
    add(buffer, obs, next_obs)
    assert stored(buffer) == frames
    assert shown(buffer) == [(obs, next_obs)]


def test_a_step_costs_one_frame() -> None:
    buffer = made()
    walk(buffer, 3, 10)
    assert stored(buffer) == K + 7
    assert [row[:K] for row in numbers(buffer)[1:]] == [row[K:] for row in numbers(buffer)[:-1]]


@pytest.mark.parametrize("end", ["terminated", "truncated"])
def test_an_episode_shares_no_frame_with_the_one_before(end: str) -> None:
    buffer = made()
    add(buffer, (1, 1, 1), (1, 1, 2), **{end: True})
    add(buffer, (1, 1, 2), (1, 2, 3))
    assert stored(buffer) == 2 + 3
    assert shown(buffer) == [((1, 1, 1), (1, 1, 2)), ((1, 1, 2), (1, 2, 3))]


def test_the_true_final_observation_of_a_truncated_episode_comes_back() -> None:
    buffer = made()
    add(buffer, (1, 1, 1), (1, 1, 2), truncated=True)
    add(buffer, (7, 7, 7), (7, 7, 8))
    assert shown(buffer) == [((1, 1, 1), (1, 1, 2)), ((7, 7, 7), (7, 7, 8))]


def test_an_environment_that_restarts_without_saying_so_is_stored_as_it_is() -> None:
    buffer = made()
    walk(buffer, 3, 5)
    add(buffer, (9, 9, 9), (9, 9, 8))
    assert stored(buffer) == K + 2 + 2
    assert shown(buffer)[2] == ((9, 9, 9), (9, 9, 8))


def test_only_what_differs_of_an_observation_that_does_not_follow_is_stored() -> None:
    buffer = made()
    add(buffer, (1, 2, 3), (2, 3, 4))
    add(buffer, (2, 9, 4), (9, 4, 5))
    assert stored(buffer) == 4 + 2
    assert shown(buffer)[1] == ((2, 9, 4), (9, 4, 5))


def test_a_row_left_out_changes_nothing() -> None:
    buffer, other = made(), made()
    for own in (buffer, other):
        walk(own, 3, 5)
        if own is buffer:
            add(own, (40, 41, 42), (43, 44, 45), valid=False)
        walk(own, 5, 7)
    assert numbers(buffer) == numbers(other)


def test_an_end_in_a_row_left_out_is_an_end() -> None:
    buffer = made()
    add(buffer, (1, 1, 1), (1, 1, 2))
    add(buffer, (0, 0, 0), (0, 0, 0), terminated=True, valid=False)
    add(buffer, (1, 1, 2), (1, 2, 3))
    assert stored(buffer) == 2 + 3


def test_environments_side_by_side_keep_their_own_frames() -> None:
    buffer = made()
    for t in range(3, 6):
        two = stacks((t - 2, t - 1, t), (t + 98, t + 99, t + 100))
        buffer.add(two, [0, 0], [0.0, 0.0], two + 1, [False] * 2, [False] * 2)
    assert stored(buffer) == 2 * (K + 3)
    assert shown(buffer)[4:] == [((3, 4, 5), (4, 5, 6)), ((103, 104, 105), (104, 105, 106))]


def test_with_another_number_of_environments_all_start_anew() -> None:
    buffer = made()
    walk(buffer, 3, 4)
    two = stacks((2, 3, 4), (2, 3, 4))
    buffer.add(two, [0, 0], [0.0, 0.0], two + 1, [False] * 2, [False] * 2)
    assert stored(buffer) == 3 * (K + 1)
    assert shown(buffer)[1:] == [((2, 3, 4), (3, 4, 5))] * 2


def test_a_window_of_three_steps_leads_to_the_stack_at_its_end() -> None:
    buffer = made(n_step=3)
    walk(buffer, 3, 8)
    assert shown(buffer) == [((t - 2, t - 1, t), (t + 1, t + 2, t + 3)) for t in (3, 4, 5)]
    assert numbers(buffer)[0][K:] == numbers(buffer)[2][K - 2 : K] + numbers(buffer)[2][K : K + 1]


def test_frames_of_rows_overwritten_make_room() -> None:
    buffer = made(3)
    walk(buffer, 3, 200)
    assert shown(buffer) == [((t - 2, t - 1, t), (t - 1, t, t + 1)) for t in (197, 198, 199)]
    assert len(buffer._memory.frames.pool.blocks) <= 5  # type: ignore[union-attr] # of two frames


def test_a_screen_that_stands_still_keeps_no_old_frame() -> None:
    buffer = made(3)
    for _ in range(50):
        add(buffer, (1, 1, 1), (1, 1, 1))
    assert min(map(min, numbers(buffer))) > 0
    assert len(buffer._memory.frames.pool.blocks) <= 5  # type: ignore[union-attr]
    assert shown(buffer) == [((1, 1, 1), (1, 1, 1))] * 3


def test_more_environments_than_rows_leave_the_last_ones() -> None:
    buffer = made(2)
    five = stacks(*((t, t, t) for t in range(5)))
    for _ in range(9):
        buffer.add(five, [0] * 5, [0.0] * 5, five + 1, [True] * 5, [False] * 5)
    assert shown(buffer) == [((3, 3, 3), (4, 4, 4)), ((4, 4, 4), (5, 5, 5))]
    assert buffer._memory.frames.pool.counts.sum() == 2 * 2 * K  # type: ignore[union-attr]


def test_a_lane_that_rests_keeps_no_frame_of_another() -> None:
    buffer = made(3, lanes=2)
    for t in range(60):
        both = np.stack([stacks((t, t + 1, t + 2))] * 2)
        on = [[True], [t % 20 == 0]]
        zeros = np.zeros((2, 1))
        buffer.add(both, zeros.astype(int), zeros, both + 1, zeros > 0, zeros > 0, on)
    assert len(buffer._memory.frames.pool.blocks) <= 5 + 9  # type: ignore[union-attr]
    obs = buffer.whole().obs[..., 0, 0]
    assert obs[:, :, 0].tolist() == [[57, 58, 59], [0, 20, 40]]


def test_held_out_episodes_lie_in_blocks_of_their_own() -> None:
    buffer = made(validation=2)
    for _ in range(4):
        walk(buffer, 3, 4)
        add(buffer, (2, 3, 4), (3, 4, 5), terminated=True)  # five frames, blocks hold two
    apart = buffer._memory.held_out
    own = [{(n - 1) // 2 for row in numbers(buffer, ring) for n in row} for ring in (None, apart)]
    assert all(own)
    assert own[0] & own[1] == set()
    assert buffer.stored(held_out=True).tolist() == [4]


def test_a_refused_call_changes_nothing() -> None:
    buffer = made()
    walk(buffer, 3, 6)
    before = buffer.state_dict()
    with pytest.raises(DataError, match=r"replay\.reward"):
        buffer.add(stacks((7, 7, 7)), [0], [np.nan], stacks((7, 7, 8)), [False], [True])
    after = buffer.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_batch_is_the_callers_own() -> None:
    buffer = made()
    walk(buffer, 3, 4)
    batch = buffer.sample(2)
    batch.obs.zero_()
    assert batch.next_obs[0, 0, 0, 0] == 2
    assert shown(buffer) == [((1, 2, 3), (2, 3, 4))]


def test_its_size_is_that_of_rows_and_blocks() -> None:
    buffer = made()
    empty = buffer.nbytes
    walk(buffer, 3, 8)  # 8 frames, in four blocks of two
    assert buffer.nbytes - empty == 8 * 4
    assert "72 bytes a row and 4 a frame" in repr(buffer)
    assert "next_obs uint8[3, 2, 2] as frames" in repr(buffer)
