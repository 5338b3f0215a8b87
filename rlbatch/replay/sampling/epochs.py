"""Epochs over a ring: a shuffle of the rows held, taken a step at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError
from rlbatch.replay.storage.ring import Counts, Rows
from rlbatch.seeding import stream_key, stream_uniform


class Epochs(NamedTuple):
    """Where each lane's epoch stands."""

    order: npt.NDArray[np.int32]  # [L, C] slots; those that the epoch is past come first
    past: Rows  # [L] slots that the epoch is past: drawn, or overwritten
    span: Rows  # [L] rows held when the epoch began
    began: Rows  # [L] head when the epoch began

    @staticmethod
    def none(lanes: int, capacity: int) -> Epochs:
        """Before the first epoch; the first draw begins it."""
        order = np.tile(np.arange(capacity, dtype=np.int32), (lanes, 1))
        return Epochs(order, *np.zeros((3, lanes), np.int64))


def check(ring: Counts, epochs: Epochs, lane: int) -> None:
    """Refuses an epoch that cannot be one of this lane's of the ring.

    Raises:
        DataError: slots missing or twice, or counts that the ring cannot have had.
    """
    order, past, span, began = (column[lane] for column in epochs)
    slots = np.arange(ring.capacity)
    if not (
        0 <= past <= span == min(began, ring.capacity)
        and began <= ring.head[lane]
        and np.array_equal(np.sort(order[:span]), slots[:span])
        and np.array_equal(order[span:], slots[span:])
    ):
        raise DataError(
            "replay.sampler",
            f"each of {span} slots once and 0 <= past <= span <= {ring.fill[lane]}",
            f"past {past} of an epoch begun at row {began} in lane {lane}",
            "Load the state that was saved with these rows.",
        )


@numba.njit(cache=True)
def draw(
    seeds: Any,
    purpose: Any,
    counters: Any,
    head: Any,
    fill: Any,
    sizes: Any,
    epochs: Any,
    numbers: Any,
) -> None:
    """Draws `sizes` `[L]` rows, none above `fill`, into `numbers` `[L, B]`; the rest stays."""
    for lane in range(sizes.shape[0]):
        order, past, span, began = epochs.order[lane], epochs.past, epochs.span, epochs.began
        key = stream_key(seeds[lane], purpose, counters[lane])
        start, end = past[lane], span[lane]  # places in `order` where this draw may pick
        taken = picks = 0
        while taken < sizes[lane]:
            if past[lane] == end:
                _put_last(order, start, end, began[lane], head[lane], fill[lane])
                past[lane], span[lane], began[lane] = 0, fill[lane], head[lane]
                end = fill[lane] - taken
                continue
            number = _pick(order, past[lane], end, stream_uniform(key, picks), head[lane])
            past[lane] += 1
            picks += 1
            if number < began[lane]:
                numbers[lane, taken] = number
                taken += 1


@numba.njit(cache=True, inline="always")
def _pick(order: Any, place: Any, end: Any, u: Any, head: Any) -> Any:
    """Brings a slot from `place` … `end` − 1 to `place`; returns the number of the row there."""
    other = place + np.int64(u * (end - place))
    order[place], order[other] = order[other], order[place]
    return _number(order[place], head, order.shape[0])


@numba.njit(cache=True)
def _put_last(order: Any, start: Any, end: Any, began: Any, head: Any, fill: Any) -> None:
    """Moves what was drawn at `start` … `end` − 1 behind all else that is held."""
    for place in range(end - 1, start - 1, -1):
        if _number(order[place], head, order.shape[0]) < began:
            fill -= 1
            order[place], order[fill] = order[fill], order[place]


@numba.njit(cache=True, inline="always")
def _number(slot: Any, head: Any, capacity: Any) -> Any:
    """The insertion number of the row in a slot."""
    turn = head - head % capacity
    return turn + slot if turn + slot < head else turn + slot - capacity
