"""Export: the rows of a buffer as plain episodes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.errors import require
from rlbatch.replay.buffer import ReplayBuffer
from rlbatch.replay.exchange.episode import Episode
from rlbatch.replay.exchange.held import Held, held_in
from rlbatch.replay.looks import Look
from rlbatch.replay.rows.cast import as_array
from rlbatch.replay.rows.tree import nest, parts_of
from rlbatch.replay.sampling.sampler import Drawn
from rlbatch.replay.storage.ring import Rows

AT_ONCE = 1024  # rows looked at at once, in all lanes
Array = npt.NDArray[Any]
Sides = list[tuple[Array, Array]]  # of each leaf, obs and next_obs


def export_episodes(buffer: ReplayBuffer, lane: int | None = None) -> list[Episode]:
    """The episodes that a buffer holds, those held out among them, lane by lane as they began.

    Of an episode that is overwritten in part, what is left comes. One that no longer runs and did
    not terminate was truncated; one that ended both ways comes as terminated, since rows say no
    more. Where a next_obs is not the obs of the step after it, an end went unseen (a reset that
    `add` was not told of, a buffer that was opened again): there the episode is cut into two, the
    first truncated, with its own last observation. No row is lost or changed.

    Args:
        buffer: of rows of one step.
        lane: whose episodes, 0 without lanes; None: those of all.

    Raises:
        ConfigError: n_step above 1, whose rows hold sums; γ = 0, with which no row tells whether
            it terminated; a lane that does not exist.
    """
    told = buffer.described
    require(told.n_step == 1, "replay.export", "n_step 1", told.n_step, "Rows hold sums.")
    advice = "No row tells whether it terminated."
    require(bool(np.float32(told.gamma) > 0), "replay.export", "gamma above 0", told.gamma, advice)
    known = range(told.num_lanes)
    fits = lane is None or lane in known
    require(fits, "replay.export.lane", f"None or a lane below {len(known)}", lane)
    lanes = known if lane is None else [lane]
    found = (held for own in lanes for held in held_in(buffer, own))
    return [piece for held in found for piece in _pieces(buffer, held)]


def _pieces(buffer: ReplayBuffer, held: Held) -> Iterator[Episode]:
    """An episode, cut after each step that shows another observation than the next begins with."""
    sides, action, reward, discount = _columns(buffer, held)
    for start, stop in itertools.pairwise((0, *_cuts(sides), len(reward))):
        leaf = (np.concatenate([obs[start:stop], after[stop - 1 : stop]]) for obs, after in sides)
        terminated = bool(discount[stop - 1] == 0.0)
        goes_on = held.running and stop == len(reward)
        yield Episode(
            lane=held.lane,
            obs=nest(buffer.obs_space, leaf),
            action=action[start:stop],
            reward=reward[start:stop],
            terminated=terminated,
            truncated=not (terminated or goes_on),
        )


def _columns(buffer: ReplayBuffer, held: Held) -> tuple[Sides, Array, Array, Array]:
    """All steps of an episode: obs and next_obs, action, reward, discount."""
    step = max(1, AT_ONCE // buffer.described.num_lanes)
    starts = range(0, len(held.rows), step)
    looks = [_look(buffer, held, held.rows[at : at + step]) for at in starts]
    *leaf, action, reward, discount = (np.concatenate(own) for own in zip(*looks, strict=True))
    half = len(leaf) // 2
    return list(zip(leaf[:half], leaf[half:], strict=True)), action, reward, discount


def _cuts(sides: Sides) -> list[int]:
    """The steps of an episode that do not begin where the step before them ended."""
    apart = np.zeros(len(sides[0][0]) - 1, np.bool_)
    for obs, next_obs in sides:
        apart |= (next_obs[:-1] != obs[1:]).any(tuple(range(1, obs.ndim)))
    cuts: list[int] = (np.flatnonzero(apart) + 1).tolist()
    return cuts


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
