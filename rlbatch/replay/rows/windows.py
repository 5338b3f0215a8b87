"""The numba passes of n-step returns: which windows close, and the rows that they leave as.

An environment's transitions lie by time, t in slot t % n, so that a window is a run of slots.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True)
def survey(
    halves: Any, reward: Any, limit: Any, count: Any, steps: Any, ended: Any, valid: Any
) -> tuple[int, int]:
    """Most rows that leave in a lane, at least 1; and the place of a reward too large, or -1."""
    most, (lanes, envs) = 1, count.shape
    for lane in range(lanes):
        num = 0
        for e in range(envs):
            if valid[lane, e] and abs(halves[lane, e, reward]) > limit:
                return most, lane * envs + e
            num += _closing(count[lane, e], steps, ended[lane, e], valid[lane, e])[1]
        most = max(most, num)
    return most, -1


@numba.njit(cache=True, inline="always")
def _closing(count: Any, steps: Any, ended: Any, valid: Any) -> tuple[int, int]:
    """Windows open in an environment after this step, and how many of them, the oldest, close."""
    held = min(count + 1, steps) if valid else min(count, steps - 1)
    if ended:
        return held, held
    return held, 1 if held == steps else 0


@numba.njit(cache=True)
def fold(
    rows: Any,
    count: Any,
    packed: Any,
    ended: Any,
    valid: Any,
    gamma: Any,
    places: Any,
    out: Any,
    kept: Any,
) -> None:
    """Takes a step in, and writes what leaves to `out`."""
    lanes, envs, steps, words = rows.shape
    for lane in range(lanes):
        num = 0
        for e in range(envs):
            held, closing = _closing(count[lane, e], steps, ended[lane, e], valid[lane, e])
            if valid[lane, e]:
                slot = count[lane, e] % steps
                for w in range(words):
                    rows[lane, e, slot, w] = packed[lane, e, w]
                count[lane, e] += 1
            if closing > 0:
                leaving = out[lane, num : num + closing]
                _close(rows[lane, e], count[lane, e] - 1, held, gamma, places, leaving)
                kept[lane, num : num + closing] = True
                num += closing
            if ended[lane, e]:
                count[lane, e] = 0


@numba.njit(cache=True)
def _close(rows: Any, last: Any, held: Any, gamma: Any, places: Any, out: Any) -> None:
    """Writes the oldest windows of `held` to `out`; the newest transition has time `last`."""
    steps, words = rows.shape
    reward, discount, start, stop = places
    halves, out_halves = rows.view(np.float32), out.view(np.float32)
    octets, out_octets = rows.view(np.uint8), out.view(np.uint8)
    end = last % steps
    bootstraps = halves[end, discount] != 0.0
    total, power = 0.0, 1.0
    for place in range(held - 1, -1, -1):  # from the newest back, so that total = r + γ · total
        slot = (last - held + 1 + place) % steps
        total = halves[slot, reward] + gamma * total
        power *= gamma
        if place < out.shape[0]:
            for w in range(words):
                out[place, w] = rows[slot, w]
            out_octets[place, start:stop] = octets[end, start:stop]
            out_halves[place, reward] = total
            out_halves[place, discount] = power if bootstraps else 0.0
