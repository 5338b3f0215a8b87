"""The numba passes that look which blocks of frames the numbers in rows refer into, how often."""

from __future__ import annotations

from typing import Any

import numba


@numba.njit(cache=True)
def exchange(
    counts: Any,
    block_frames: Any,
    rows: Any,
    capacity: Any,
    head: Any,
    packed: Any,
    kept: Any,
    places: Any,
) -> None:
    """Counts what an append of packed rows is about to change: C rows a lane are held after it.

    Args:
        counts: `[blocks]`.
        block_frames: F.
        rows: `[L, slots, words]` of the ring, number n in slot n % slots.
        capacity: C.
        head: `[L]` rows ever written.
        packed: `[L, M, words]` rows to come.
        kept: `[L, M]` which of them count.
        places: words of a row that hold numbers, from and to.
    """
    for lane in range(len(head)):
        num = kept[lane].sum()
        slots, after = rows.shape[1], head[lane] + num - capacity
        for n in range(max(0, head[lane] - capacity), min(head[lane], after)):
            _add(counts, block_frames, rows[lane, n % slots, places[0] : places[1]], -1)
        passing = num - capacity  # rows of this very call that others of it push out
        for m in range(packed.shape[1]):
            if kept[lane, m]:
                if passing <= 0:
                    _add(counts, block_frames, packed[lane, m, places[0] : places[1]], 1)
                passing -= 1


@numba.njit(cache=True)
def count(
    counts: Any,
    block_frames: Any,
    rows: Any,
    capacity: Any,
    head: Any,
    places: Any,
) -> None:
    """Counts all that a ring holds, see `exchange`."""
    for lane in range(len(head)):
        for n in range(max(0, head[lane] - capacity), head[lane]):
            own = rows[lane, n % rows.shape[1], places[0] : places[1]]
            _add(counts, block_frames, own, 1)


@numba.njit(cache=True)
def all_known(rows: Any, known: Any, block_frames: Any, places: Any) -> bool:
    """Does every number in rows `[N, words]` lead into a `known` `[blocks]` block, or nowhere?"""
    most = len(known) * block_frames
    for n in range(rows.shape[0]):
        for number in rows[n, places[0] : places[1]]:
            if number < 0 or number > most:
                return False
            if number > 0 and not known[(number - 1) // block_frames]:
                return False
    return True


@numba.njit(cache=True, inline="always")
def _add(counts: Any, block_frames: Any, numbers: Any, change: Any) -> None:
    for number in numbers:
        if number > 0:
            counts[(number - 1) // block_frames] += change
