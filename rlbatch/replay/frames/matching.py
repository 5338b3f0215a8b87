"""The numba pass that takes stacks apart: frames already stored are found again, others stored."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from rlbatch.replay.frames.addresses import copy, equal

NEW, SAME = 0, -1  # until there are numbers: a frame to store; the one beside it in its own call


@numba.njit(cache=True)
def take(
    rows: Any,
    at: Any,
    stacks: Any,
    flags: Any,
    ours: Any,
    pool: Any,
    streams: Any,
    need: Any,
    ahead: Any,
) -> bool:
    """Writes numbers of frames into rows; False where `ahead` does not hold what `need` tells.

    Then nothing but rows and `need` is changed.

    Args:
        rows: `[L, E, words]`, whose words from `at` on are k numbers of obs and k of next_obs.
        at: the first of them.
        stacks: bytes of obs and of next_obs, each `[L, E, k]` frames.
        flags: kept, ended, apart, each `[L, E]`.
        ours: last `[L, E, k]` numbers of the stack that each environment stands at, and running
            `[L, E]`, whether it is within an episode.
        pool: addresses of blocks, frames a block, bytes a frame.
        streams: `[S]` block being filled, and frames in it.
        need: `[S]` frames to store, an output.
        ahead: `[S, most]` blocks to go on in, -1 where none is.
    """
    starts = np.int64(stacks[0].ctypes.data), np.int64(stacks[1].ctypes.data)
    _find(rows, at, starts, flags, ours, pool, need)
    if not _fits(need, streams[1], pool[1], ahead):
        return False
    _keep(rows, at, starts, flags, ours, pool, streams, ahead)
    return True


@numba.njit(cache=True)
def _find(rows: Any, at: Any, starts: Any, flags: Any, ours: Any, pool: Any, need: Any) -> None:
    """Writes the numbers of frames that are stored, and counts the others; see `take`."""
    (kept, _, apart), (last, running) = flags, ours
    lanes, envs, depth = last.shape
    need[:] = 0
    for lane in range(lanes):
        for e in range(envs):
            if kept[lane, e]:
                start = (lane * envs + e) * depth * pool[2]
                own, before = rows[lane, e, at : at + 2 * depth], (last[lane, e], running[lane, e])
                new = _match(own, starts[0] + start, starts[1] + start, before, pool)
                need[2 * lane + apart[lane, e]] += new


@numba.njit(cache=True)
def _keep(
    rows: Any,
    at: Any,
    starts: Any,
    flags: Any,
    ours: Any,
    pool: Any,
    streams: Any,
    ahead: Any,
) -> None:
    """Stores what `_find` did not find, and remembers where environments stand; see `take`."""
    (kept, ended, apart), (last, running) = flags, ours
    lanes, envs, depth = last.shape
    turn = np.zeros(len(ahead), np.int64)
    for lane in range(lanes):
        for e in range(envs):
            if kept[lane, e]:
                start = (lane * envs + e) * depth * pool[2]
                own, stream = rows[lane, e, at : at + 2 * depth], 2 * lane + apart[lane, e]
                both = starts[0] + start, starts[1] + start
                _store(own, both, pool, streams, stream, ahead, turn)
                last[lane, e] = own[depth:]
            running[lane, e] = (running[lane, e] or kept[lane, e]) and not ended[lane, e]


@numba.njit(cache=True)
def place(number: Any, pool: Any) -> Any:
    """The address of a frame."""
    bases, block_frames, frame_bytes = pool
    block, offset = divmod(number - 1, block_frames)
    return bases[block] + offset * frame_bytes


@numba.njit(cache=True)
def _match(own: Any, obs: Any, next_obs: Any, before: Any, pool: Any) -> Any:
    """Writes numbers of frames that are stored already, NEW or SAME; returns how many are new."""
    (last, running), frame_bytes = before, pool[2]
    depth, new = len(last), 0
    for j in range(depth):
        frame = obs + j * frame_bytes
        if running and equal(frame, place(last[j], pool), frame_bytes):
            own[j] = last[j]
        elif j > 0 and equal(frame, frame - frame_bytes, frame_bytes):
            own[j] = SAME
        else:
            own[j], new = NEW, new + 1
        frame = next_obs + j * frame_bytes
        if j + 1 < depth and equal(frame, obs + (j + 1) * frame_bytes, frame_bytes):
            own[depth + j] = SAME
        else:
            own[depth + j], new = NEW, new + 1
    return new


@numba.njit(cache=True)
def _fits(need: Any, filled: Any, block_frames: Any, ahead: Any) -> bool:
    for stream in range(len(need)):
        room = block_frames - filled[stream]
        for block in ahead[stream]:
            room += block_frames * (block >= 0)
        if room < need[stream]:
            return False
    return True


@numba.njit(cache=True)
def _store(
    own: Any, both: Any, pool: Any, streams: Any, stream: Any, ahead: Any, turn: Any
) -> None:
    """Gives numbers to NEW and SAME, and copies what is new from `both` stacks' addresses."""
    (_, block_frames, frame_bytes), (current, filled) = pool, streams
    depth = len(own) // 2
    for w in range(2 * depth):
        if own[w] == SAME:
            own[w] = own[w - 1] if w < depth else own[w - depth + 1]
        elif own[w] == NEW:
            if filled[stream] == block_frames:
                current[stream], filled[stream] = ahead[stream, turn[stream]], 0
                turn[stream] += 1
            own[w] = 1 + current[stream] * block_frames + filled[stream]
            filled[stream] += 1
            frame = both[w // depth] + w % depth * frame_bytes
            copy(place(own[w], pool), frame, frame_bytes)
