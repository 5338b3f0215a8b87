"""A 16-ary tree of float64 sums over L lanes: set leaves, find a leaf by its share of the total."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.replay.storage.prefetch import LINE, aligned_zeros, prefetch
from rlbatch.replay.storage.ring import Rows

Floats = npt.NDArray[np.float64]

FAN = 16  # children of a node: two cache lines
BITS = 4  # FAN = 2^BITS
BELOW = 1.0 - 2.0**-53  # x · BELOW is the float64 before x, for x ≥ 2^-1021


class SumTree:
    """L trees of C leaves, all 0 at first; every node is the sum of its children, to the bit.

    A node that changes is summed anew, child after child, never moved by a difference: so sums do
    not drift, and depend on the leaves alone. `find` never comes to a leaf that is 0, however the
    sums are rounded: what is left of a target on the way down stays below the node it is sought in.

    Leaves are 0 or in [1e-280, 1e280]; nothing here looks.
    """

    def __init__(self, lanes: int, capacity: int) -> None:
        widths = [_padded(capacity)]
        while widths[-1] > FAN:
            widths.append(_padded(widths[-1] // FAN))
        widths.append(1)
        sizes = np.array(widths, np.int64) * lanes
        self.capacity = capacity  # leaves a lane
        self._levels = np.stack([sizes.cumsum() - sizes, widths], 1)  # where each starts, its width
        self._nodes: Floats = aligned_zeros(
            (int(sizes.sum()),), np.float64
        )  # level by level, leaves first; in each all lanes
        self.leaves = self._nodes[: sizes[0]].reshape(lanes, -1)  # [L, C padded], to be read only
        self.totals = self._nodes[-lanes:]  # [L], to be read only

    @property
    def parts(self) -> tuple[Floats, Rows]:
        """What `descend` and `put` work on, within kernels."""
        return self._nodes, self._levels

    @property
    def nbytes(self) -> int:
        return self._nodes.nbytes

    def set(self, slots: Rows, values: Floats) -> None:
        """Sets leaves `[L, B]`; -1 is padding. Of two values for one leaf the later stays."""
        put(self._nodes, self._levels, slots, values)

    def set_run(self, first: Rows, past: Rows, values: Floats) -> None:
        """Sets leaves first … past − 1, modulo C, the last C of them, to one value a lane `[L]`."""
        _set_run(self._nodes, self._levels, self.capacity, first, past, values)

    def replace(self, leaves: Floats) -> None:
        """Sets all leaves, `[L, C padded]`, 0 from C on."""
        self.leaves[:] = leaves
        width = np.full(len(leaves), self.leaves.shape[1], np.int64)
        _sum_above(self._nodes, self._levels, width)

    def find(self, targets: Floats) -> Rows:
        """Slots `[L, B]` with  Σ leaves before the slot ≤ target < that sum and the slot's leaf.

        Args:
            targets: `[L, B]` below the lane's total; more is taken as just below it. Negative
                is padding.

        Returns:
            `[L, B]` int64, -1 in padding and where all leaves are 0.
        """
        slots = np.empty(targets.shape, np.int64)
        descend(self._nodes, self._levels, targets.copy(), slots)
        return slots


def _padded(width: int) -> int:
    return -(-width // FAN) * FAN


@numba.njit(cache=True, inline="always")
def _sum(nodes: Any, at: Any) -> Any:
    total = nodes[at]
    for child in range(1, FAN):
        total += nodes[at + child]
    return total


@numba.njit(cache=True)
def _sum_range(nodes: Any, levels: Any, lane: Any, first: Any, last: Any) -> None:
    """Sums anew all that lies above leaves first … last of a lane."""
    for k in range(1, levels.shape[0]):
        first, last = first >> BITS, last >> BITS
        below = levels[k - 1, 0] + lane * levels[k - 1, 1]
        own = levels[k, 0] + lane * levels[k, 1]
        for node in range(first, last + 1):
            nodes[own + node] = _sum(nodes, below + node * FAN)


@numba.njit(cache=True)
def _sum_above(nodes: Any, levels: Any, width: Any) -> None:
    for lane in range(width.shape[0]):
        _sum_range(nodes, levels, lane, 0, width[lane] - 1)


@numba.njit(cache=True)
def _set_run(nodes: Any, levels: Any, capacity: Any, first: Any, past: Any, values: Any) -> None:
    for lane in range(first.shape[0]):
        num = min(past[lane] - first[lane], capacity)
        start = (past[lane] - num) % capacity
        while num > 0:  # once, and again where the run goes round
            stop = min(start + num, capacity)
            own = lane * levels[0, 1]
            nodes[own + start : own + stop] = values[lane]
            _sum_range(nodes, levels, lane, start, stop - 1)
            num, start = num - (stop - start), 0


@numba.njit(cache=True)
def put(nodes: Any, levels: Any, slots: Any, values: Any) -> None:
    """`SumTree.set`, within kernels."""
    lanes, num = slots.shape
    for lane in range(lanes):
        for b in range(num):
            if slots[lane, b] >= 0:
                nodes[lane * levels[0, 1] + slots[lane, b]] = values[lane, b]
        for k in range(1, levels.shape[0]):
            below = levels[k - 1, 0] + lane * levels[k - 1, 1]
            own = levels[k, 0] + lane * levels[k, 1]
            parents = levels[k - 1, 1] >> BITS
            if parents <= num:  # no more than rows: all of them, once
                for node in range(parents):
                    nodes[own + node] = _sum(nodes, below + node * FAN)
                continue
            for b in range(num):
                if slots[lane, b] >= 0:
                    node = slots[lane, b] >> (BITS * k)
                    nodes[own + node] = _sum(nodes, below + node * FAN)


@numba.njit(cache=True)
def descend(nodes: Any, levels: Any, rest: Any, slots: Any) -> None:
    """`SumTree.find`, within kernels; uses up `rest`.

    Goes down one level for all targets before the next, and asks for the nodes of that one.
    """
    lanes, num = slots.shape
    root, sums = levels.shape[0] - 1, np.empty(FAN)
    for lane in range(lanes):
        total = nodes[levels[root, 0] + lane]
        for b in range(num):
            slots[lane, b] = 0 if rest[lane, b] >= 0.0 and total > 0.0 else -1
            rest[lane, b] = min(rest[lane, b], total * BELOW)
        for k in range(root - 1, -1, -1):
            own, under = _start(levels, k, lane), _start(levels, max(k - 1, 0), lane)
            for b in range(num):
                if slots[lane, b] < 0:
                    continue
                first = np.uint64(slots[lane, b]) << np.uint64(BITS)
                child, rest[lane, b] = _step(nodes, own, first, rest[lane, b], sums)
                slots[lane, b] = child
                if k > 0:
                    place = np.int64(under + (child << np.uint64(BITS)))
                    prefetch(nodes, place)
                    prefetch(nodes, place + LINE)


@numba.njit(cache=True, inline="always")
def _start(levels: Any, k: Any, lane: Any) -> Any:
    return np.uint64(levels[k, 0] + lane * levels[k, 1])


@numba.njit(cache=True, inline="always")
def _step(nodes: Any, own: Any, first: Any, rest: Any, sums: Any) -> Any:
    """The child in which `rest` lies, and what is left of it there; without a branch.

    rest < Σ children, summed as `_sum` does. So a child is found, it is above 0, and the `min`
    makes the same true one level down: `rest - passed` may round up to the child itself.
    """
    total, before = 0.0, np.uint64(0)
    for i in range(FAN):
        total += nodes[own + first + np.uint64(i)]
        sums[np.uint64(i)] = total
    for i in range(FAN):
        before += np.uint64(sums[np.uint64(i)] <= rest)
    passed = sums[before - np.uint64(1)] if before > 0 else 0.0
    child = first + before
    return child, min(rest - passed, nodes[own + child] * BELOW)
