"""Export: the rows of a buffer as plain episodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError, require
from rlbatch.replay.buffer import ReplayBuffer
from rlbatch.replay.exchange.episode import Episode
from rlbatch.replay.looks import Look
from rlbatch.replay.rows.cast import as_array
from rlbatch.replay.rows.tree import leaves, nest, parts_of
from rlbatch.replay.sampling.sampler import Drawn
from rlbatch.replay.storage.place import AnyRing
from rlbatch.replay.storage.ring import Rows

AT_ONCE = 1024  # rows looked at at once, in all lanes
Array = npt.NDArray[Any]


class Held(NamedTuple):
    """The rows of one episode."""

    lane: int
    number: int  # of the episode
    ring: AnyRing
    rows: Rows  # insertion numbers, oldest first
    running: bool


def export_episodes(buffer: ReplayBuffer, lane: int | None = None) -> list[Episode]:
    """The episodes that a buffer holds, those held out among them, lane by lane as they began.

    Of an episode that is overwritten in part, what is left comes. One that no longer runs and did
    not terminate was truncated; one that ended both ways comes as terminated, since rows say no
    more.

    Args:
        buffer: of rows of one step.
        lane: whose episodes, 0 without lanes; None: those of all.

    Raises:
        ConfigError: n_step above 1, whose rows hold sums; γ = 0, with which no row tells whether
            it terminated; a lane that does not exist.
        DataError: a step whose next_obs is not the obs of the step after it.
    """
    told = buffer.described
    require(told.n_step == 1, "replay.export", "n_step 1", told.n_step, "Rows hold sums.")
    advice = "No row tells whether it terminated."
    require(bool(np.float32(told.gamma) > 0), "replay.export", "gamma above 0", told.gamma, advice)
    known = range(told.num_lanes)
    fits = lane is None or lane in known
    require(fits, "replay.export.lane", f"None or a lane below {len(known)}", lane)
    lanes = known if lane is None else [lane]
    return [_episode(buffer, held) for own in lanes for held in _held(buffer, own)]


def _held(buffer: ReplayBuffer, lane: int) -> list[Held]:
    """The episodes of a lane as they began."""
    memory = buffer._memory
    rings = [memory.ring] if memory.held_out is None else [memory.ring, memory.held_out]
    running = memory.episodes.counts[0][lane].astype(np.int32)
    found = [
        Held(lane, number, ring, rows, number in running)
        for ring in rings
        for number, rows in _by_episode(buffer, ring, lane)
    ]
    return sorted(found, key=lambda held: held.number)


def _by_episode(buffer: ReplayBuffer, ring: AnyRing, lane: int) -> Iterator[tuple[int, Rows]]:
    numbers, episodes = numbered(buffer, ring, lane)
    order = np.argsort(episodes, kind="stable")
    own, starts = np.unique(episodes[order], return_index=True)
    if len(own):
        yield from zip(own.tolist(), np.split(numbers[order], starts[1:]), strict=True)


def numbered(buffer: ReplayBuffer, ring: AnyRing, lane: int) -> tuple[Rows, npt.NDArray[np.int32]]:
    """Insertion numbers of the rows that a lane holds, oldest first, and the episode of each."""
    numbers = np.arange(ring.head[lane] - ring.fill[lane], ring.head[lane])
    word, half = divmod(buffer.layout.field("episode").offset // 4, 2)
    words = np.ascontiguousarray(as_array("episode", ring.rows[lane, :, word], "[slots]"))
    return numbers, words.view(np.int32)[half::2][numbers % len(words)]


def _episode(buffer: ReplayBuffer, held: Held) -> Episode:
    lanes = buffer.described.num_lanes
    step = max(1, AT_ONCE // lanes)
    pieces = [
        _look(buffer, held, held.rows[at : at + step]) for at in range(0, len(held.rows), step)
    ]
    *sides, action, reward, discount = (np.concatenate(own) for own in zip(*pieces, strict=True))
    parts = list(leaves(buffer.obs_space))
    obs = []
    for leaf, before, after in zip(parts, sides, sides[len(parts) :], strict=False):
        _refuse_gaps(held, leaf.suffix, before, after)
        obs.append(np.concatenate([before, after[-1:]]))
    terminated = bool(discount[-1] == 0.0)
    truncated = not (terminated or held.running)
    observations = nest(buffer.obs_space, iter(obs))
    return Episode(held.lane, observations, action, reward, terminated, truncated)


def _look(buffer: ReplayBuffer, held: Held, rows: Rows) -> list[Array]:
    """The leaves of obs, those of next_obs, action, reward and discount of rows of an episode."""
    numbers = np.full((buffer.described.num_lanes, len(rows)), -1, np.int64)
    numbers[held.lane] = rows
    batch = buffer._drawing.look(Look(Drawn(numbers), (numbers >= 0).sum(1)), held.ring)
    sides = {"obs": batch.obs, "next_obs": batch.next_obs}
    space = buffer.obs_space
    columns = [part for name, side in sides.items() for part in parts_of(name, space, side)]
    arrays = [
        as_array("row", c, "") for c in (*columns, batch.action, batch.reward, batch.discount)
    ]
    return arrays if buffer.lanes is None else [array[held.lane] for array in arrays]


def _refuse_gaps(held: Held, suffix: str, before: Array, after: Array) -> None:
    """An episode has one observation between two steps; rows may have two."""
    apart = (after[:-1] != before[1:]).any(tuple(range(1, before.ndim)))
    if apart.any():
        row = held.rows[int(apart.argmax())]
        raise DataError(
            f"replay.export (lane {held.lane}, episode {held.number}, row {row})",
            f"a next_obs{suffix} that is the obs{suffix} of the step after it",
            "another",
            "An episode would lose one of them.",
        )
