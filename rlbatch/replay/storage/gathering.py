"""Kernels that copy rows out of a ring, compiled for the width of its rows.

Random rows wait for memory, so each is asked for `AHEAD` rows before it is copied; and a row of
fixed width is a few moves of registers, where one of any width is a call. Together they take 16384
CartPole rows out of a million in little more than half of the time that `numpy.take` needs.
"""

from __future__ import annotations

import functools
from typing import Any

import numba
import numpy as np

from rlbatch.replay.storage.prefetch import AHEAD, LINE, prefetch
from rlbatch.seeding import stream_key, stream_uniform

WIDEST = 16  # words up to which a width has kernels of its own


def gather_of(words: int) -> Any:
    """`(rows, head, numbers, out, weight)`: copies rows; padding is zeros and weighs 0."""
    return _gather(words if words <= WIDEST else 0)


def fetch_of(words: int) -> Any:
    """`(seeds, purpose, counters, rows, head, fill, numbers, packed, step) -> lane`.

    Draws as `Uniform` does, for every lane as many rows as `numbers` `[L, B]` has room for, and
    copies them; then counters move on by `step`. Returns -1, or a lane that holds none.
    """
    return _fetch(words if words <= WIDEST else 0)


@numba.njit(cache=True, inline="always")
def slot_of(number: Any, turn: Any, slots: Any) -> Any:
    """number % slots for a row that is held, without a division; 0 for padding.

    `turn` is the number of the row that is in slot 0, this time round.
    """
    own = number - turn
    return 0 if number < 0 else own + slots * (own < 0)


@numba.njit(cache=True, inline="always")
def _ask(flat: Any, start: Any, words: Any) -> None:
    for w in range(0, words, LINE):
        prefetch(flat, start + w)
    if words % LINE != 0:  # else rows begin where lines do
        prefetch(flat, start + words - 1)


@functools.cache
def _gather(width: int) -> Any:
    """For rows of that width, 0 for any."""

    def gather(rows: Any, head: Any, numbers: Any, out: Any, weight: Any) -> None:
        lanes, slots = rows.shape[:2]
        words = width if width > 0 else rows.shape[2]
        flat, num = rows.reshape(-1), numbers.shape[1]
        for lane in range(lanes):
            turn, base = head[lane] - head[lane] % slots, lane * slots * words
            own, to = numbers[lane], out[lane].reshape(-1)
            for b in range(min(AHEAD, num)):
                _ask(flat, base + slot_of(own[b], turn, slots) * words, words)
            for b in range(num):
                if b + AHEAD < num:
                    _ask(flat, base + slot_of(own[b + AHEAD], turn, slots) * words, words)
                start = np.uint64(base + slot_of(own[b], turn, slots) * words)
                at, held = np.uint64(b * words), own[b] >= 0
                weight[lane, b] = held
                for w in range(words):
                    to[at + np.uint64(w)] = flat[start + np.uint64(w)] if held else 0

    return numba.njit(cache=True)(gather)


@functools.cache
def _fetch(width: int) -> Any:
    """For rows of that width, 0 for any."""

    def fetch(
        seeds: Any,
        purpose: Any,
        counters: Any,
        rows: Any,
        head: Any,
        fill: Any,
        numbers: Any,
        packed: Any,
        step: Any,
    ) -> int:
        lanes, slots = rows.shape[:2]
        words = width if width > 0 else rows.shape[2]
        flat, num = rows.reshape(-1), numbers.shape[1]
        for lane in range(lanes):
            if fill[lane] == 0:
                return lane
        for lane in range(lanes):
            key, oldest = stream_key(seeds[lane], purpose, counters[lane]), head[lane] - fill[lane]
            turn, base = head[lane] - head[lane] % slots, lane * slots * words
            own, to = numbers[lane], packed[lane].reshape(-1)
            counters[lane] += step
            for b in range(num):
                own[b] = oldest + np.int64(stream_uniform(key, b) * fill[lane])
            for b in range(num):
                if b + AHEAD < num:
                    _ask(flat, base + slot_of(own[b + AHEAD], turn, slots) * words, words)
                start = np.uint64(base + slot_of(own[b], turn, slots) * words)
                at = np.uint64(b * words)
                for w in range(words):
                    to[at + np.uint64(w)] = flat[start + np.uint64(w)]
        return -1

    return numba.njit(cache=True)(fetch)
