"""Kernels of prioritised sampling: from TD errors to leaves, from leaves to targets and weights."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from rlbatch.replay.sampling.sum_tree import descend, put
from rlbatch.seeding import stream_key, stream_uniform

LEAST, MOST = 1e-140, 1e140  # of p^α: so that no sum or weight overflows or vanishes


@numba.njit(cache=True)
def aim(
    seeds: Any, purpose: Any, counters: Any, totals: Any, sizes: Any, even: Any, targets: Any
) -> int:
    """Shares of each lane's total, -1 in padding; returns a lane that holds no row, or -1."""
    for lane in range(sizes.shape[0]):
        if sizes[lane] > 0 and totals[lane] == 0.0:
            return lane
        key = stream_key(seeds[lane], purpose, counters[lane])
        for b in range(targets.shape[1]):
            share = stream_uniform(key, b)
            if even:
                share = (b + share) / max(sizes[lane], 1)
            targets[lane, b] = share * totals[lane] if b < sizes[lane] else -1.0
    return -1


@numba.njit(cache=True)
def weigh(leaves: Any, beta: Any, most: Any, sizes: Any, slots: Any, raw: Any, weight: Any) -> None:
    """(N · P)^−β over its mean or maximum in the lane, 0 in padding; `raw` is room to work in.

    N and the sum in P are one factor for all rows of a lane, and cancel.
    """
    for lane in range(sizes.shape[0]):
        unit = 0.0
        for b in range(sizes[lane]):
            raw[lane, b] = leaves[lane, slots[lane, b]] ** -beta[lane]
            unit = max(unit, raw[lane, b]) if most else unit + raw[lane, b]
        if not most:
            unit /= max(sizes[lane], 1)
        for b in range(slots.shape[1]):
            weight[lane, b] = raw[lane, b] / unit if b < sizes[lane] else 0.0


@numba.njit(cache=True)
def number(head: Any, capacity: Any, slots: Any) -> None:
    """Turns slots into the insertion numbers of the rows that lie there; -1 stays."""
    for lane in range(slots.shape[0]):
        place = head[lane] % capacity
        turn = head[lane] - place  # number of the row in slot 0, this time round
        for b in range(slots.shape[1]):
            if slots[lane, b] >= 0:
                slots[lane, b] += turn if slots[lane, b] < place else turn - capacity


@numba.njit(cache=True)
def rank(
    head: Any,
    fill: Any,
    capacity: Any,
    alpha: Any,
    eps: Any,
    numbers: Any,
    td_error: Any,
    slots: Any,
    leaves: Any,
) -> Any:
    """Slots, -1 in padding and for rows gone, and p^α; returns a bad place, lane · B + b, or -1."""
    lanes, num = numbers.shape
    for lane in range(lanes):
        for b in range(num):
            row = numbers[lane, b]
            slots[lane, b] = -1
            if row == -1:
                continue
            if row < 0 or row >= head[lane] or not np.isfinite(td_error[lane, b]):
                return lane * num + b
            if row >= head[lane] - fill[lane]:
                slots[lane, b] = row % capacity
                power = (abs(td_error[lane, b]) + eps) ** alpha
                leaves[lane, b] = min(max(power, LEAST), MOST)
    return -1


@numba.njit(cache=True)
def count(numbers: Any, slots: Any, leaves: Any, updates: Any, stale: Any, highest: Any) -> None:
    """Counts updates of lanes that took part and rows gone, and keeps the highest leaf seen."""
    for lane in range(numbers.shape[0]):
        own = 0
        for b in range(numbers.shape[1]):
            if numbers[lane, b] < 0:
                continue
            own = 1
            if slots[lane, b] < 0:
                stale[lane] += 1
            else:
                highest[lane] = max(highest[lane], leaves[lane, b])
        updates[lane] += own


@numba.njit(cache=True)
def draw(
    seeds: Any,
    purpose: Any,
    counters: Any,
    sizes: Any,
    even: Any,
    beta: Any,
    most: Any,
    tree: Any,
    leaves: Any,
    head: Any,
    capacity: Any,
    room: Any,
    numbers: Any,
    weight: Any,
) -> int:
    """Insertion numbers and weights `[L, B]`; returns a lane that holds no row, or -1."""
    nodes, levels = tree
    totals = nodes[nodes.shape[0] - sizes.shape[0] :]
    lane = aim(seeds, purpose, counters, totals, sizes, even, room)
    if lane < 0:
        descend(nodes, levels, room, numbers)
        weigh(leaves, beta, most, sizes, numbers, room, weight)
        number(head, capacity, numbers)
    return lane


@numba.njit(cache=True)
def update(
    head: Any,
    fill: Any,
    capacity: Any,
    alpha: Any,
    eps: Any,
    numbers: Any,
    td_error: Any,
    slots: Any,
    leaves: Any,
    tree: Any,
    updates: Any,
    stale: Any,
    highest: Any,
) -> int:
    """Takes TD errors in; or returns a bad place, lane · B + b, and nothing is changed; or -1."""
    bad = rank(head, fill, capacity, alpha, eps, numbers, td_error, slots, leaves)
    if bad < 0:
        count(numbers, slots, leaves, updates, stale, highest)
        put(tree[0], tree[1], slots, leaves)
    return int(bad)
