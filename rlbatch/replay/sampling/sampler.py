"""What the buffer asks of a sampler: which rows, and what they weigh."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from torch import Tensor

from rlbatch.errors import DataError, EmptyBufferError
from rlbatch.replay.storage.ring import Counts, Rows
from rlbatch.seeding import Purpose

DRAW = int(Purpose.DRAW)
Weights = npt.NDArray[np.float32]


class Drawn(NamedTuple):
    """Rows of one draw, `[L, B]` with B the widest lane's size."""

    numbers: Rows  # insertion numbers, -1 from each lane's own size on
    weight: Weights | None = None  # importance weights, 0 in padding; None: 1 each


class DeviceDrawn(NamedTuple):
    """Rows of one draw that was made on a device, `[L, B]` with B the widest lane's size."""

    numbers: Tensor  # int64 insertion numbers, -1 from each lane's own size on
    weight: Tensor  # float32 importance weights, 0 in padding
    sizes: Tensor  # [L] int64 rows of each lane's own


class Sampler(Protocol):
    """Chooses rows of L lanes; what it remembers about them goes through the buffer's state."""

    def draw(self, ring: Counts, seeds: Rows, counters: Rows, sizes: Rows) -> Drawn:
        """Rows for each lane.

        Args:
            ring: where the rows lie.
            seeds: `[L]` each lane's seed.
            counters: `[L]` which draw this is, see `rlbatch.seeding.draw_counter`; the same
                counter over the same rows and state draws the same batch.
            sizes: `[L]` rows wanted, 0 for an idle lane.

        Raises:
            EmptyBufferError: a lane that must give rows holds too few.
        """
        ...

    def added(self, ring: Counts, before: Rows) -> None:
        """Rows with insertion numbers from `before` `[L]` up to the ring's heads are new."""
        ...

    def update(self, ring: Counts, numbers: Rows, td_error: npt.NDArray[np.float64]) -> None:
        """Takes TD errors `[L, B]` of rows with these insertion numbers; -1 is padding."""
        ...

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """All that it remembers, by name; the arrays themselves."""
        ...

    def load(self, ring: Counts, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Takes a `state` back; the ring already holds its rows.

        Raises:
            DataError: arrays that do not fit.
        """
        ...


@runtime_checkable
class SamplerSettings(Protocol):
    """Frozen settings that make samplers."""

    @property
    def kind(self) -> str:
        """What the config calls them."""
        ...

    def start(self, lanes: int, capacity: int) -> Sampler:
        """A sampler for empty rings of `capacity` rows."""
        ...


class Forgetful:
    """The part of a sampler that remembers nothing about rows."""

    def added(self, ring: Counts, before: Rows) -> None:
        """New rows are like all others."""

    def update(self, ring: Counts, numbers: Rows, td_error: npt.NDArray[np.float64]) -> None:
        """TD errors change nothing."""

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """Nothing."""
        return {}

    def load(self, ring: Counts, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Nothing."""


def drawn_by(
    kernel: Callable[..., int],
    ring: Counts,
    seeds: Rows,
    counters: Rows,
    sizes: Rows,
    *more: object,
) -> Drawn:
    """The rows, all weighing 1, that a kernel writes.

    Args:
        kernel: `(seeds, purpose, counters, head, fill, sizes, *more, numbers) -> lane`; fills
            `numbers` `[L, B]` and returns -1, or a lane that must give rows and holds none.
        ring: where the rows lie.
        seeds: `[L]`.
        counters: `[L]`.
        sizes: `[L]` rows wanted.
        more: what this kernel asks for beside.

    Raises:
        EmptyBufferError: a lane that must give rows holds none.
    """
    numbers = np.empty((len(sizes), max(sizes.tolist())), np.int64)
    empty = kernel(seeds, DRAW, counters, ring.head, ring.fill, sizes, *more, numbers)
    if empty >= 0:
        refuse_empty(empty)
    return Drawn(numbers)


def refuse_empty(lane: int) -> None:
    """Raises EmptyBufferError for a lane that must give rows and holds none; not for -1."""
    if lane >= 0:
        told = f"0 in lane {lane}"
        raise EmptyBufferError("replay", "at least 1 stored row", told, "Add transitions first.")


def require_held(drawn: Drawn, ring: Counts, sizes: Rows) -> None:
    """Refuses a draw that is not of rows held, or not of the sizes wanted.

    Raises:
        DataError: of a sampler of one's own, whose rows would be read from anywhere.
    """
    wanted = len(sizes), int(sizes.max())
    numbers, weight = drawn
    fits = isinstance(numbers, np.ndarray) and numbers.dtype == np.int64
    if not fits or numbers.shape != wanted:
        got = getattr(numbers, "dtype", type(numbers)), np.shape(numbers)
        raise DataError("replay.sampler", f"int64 numbers {list(wanted)}", got)
    if weight is not None and (weight.shape != wanted or weight.dtype != np.float32):
        got = weight.dtype, weight.shape
        raise DataError("replay.sampler", f"float32 weights {list(wanted)}", got)
    held = (numbers >= (ring.head - ring.fill)[:, None]) & (numbers < ring.head[:, None])
    own = np.arange(wanted[1]) < sizes[:, None]
    bad = np.where(own, ~held, numbers >= 0)
    if bad.any():
        lane, b = np.argwhere(bad)[0]
        told = "a row that is held" if own[lane, b] else "-1 in padding"
        raise DataError(f"replay.sampler (lane {lane}, place {b})", told, int(numbers[lane, b]))
