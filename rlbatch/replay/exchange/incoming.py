"""Import: plain episodes become rows of a buffer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError
from rlbatch.replay.buffer import ReplayBuffer
from rlbatch.replay.exchange.ending import end_episodes
from rlbatch.replay.exchange.episode import Episode
from rlbatch.replay.rows.cast import as_array, as_field
from rlbatch.replay.rows.layout import Field
from rlbatch.replay.rows.tree import leaves, nest, parts_of

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]


def import_episodes(buffer: ReplayBuffer, episodes: Iterable[Episode]) -> None:
    """Adds episodes to a buffer in this order, row by row.

    The end of one that neither terminated nor was truncated is not known: it comes in as
    truncated. So are ended episodes that still run in the buffer, see `end_episodes`. With
    `validation` every k-th is held out, as of all others.

    Args:
        buffer: to add to; n-step windows are folded as always.
        episodes: whose columns may be arrays, tensors or lists, of any float or integer that fits.

    Raises:
        DataError: something else than a list of Episode; a lane, shape, dtype, action or number
            that does not fit. Nothing is stored.
    """
    listed = _listed(episodes)
    checked = [_checked(buffer, episode, f"episodes[{k}]") for k, episode in enumerate(listed)]
    end_episodes(buffer)
    for episode in checked:
        for t in range(len(episode.reward)):
            _add(buffer, episode, t)


def _listed(episodes: object) -> list[Episode]:
    """What was handed in, if it is Episodes; one alone is a sequence too, of its columns."""
    wanted = "replay.episodes", "a list of Episode"
    if isinstance(episodes, Episode | Mapping) or not isinstance(episodes, Iterable):
        raise DataError(*wanted, type(episodes).__name__, "Put a single one into a list.")
    listed: list[Episode] = list(episodes)
    for k, own in enumerate(listed):
        if not isinstance(own, Episode):
            got = f"one with {type(own).__name__} at {k}"
            raise DataError(*wanted, got, "Episode(**columns) makes one of a dict.")
    return listed


def _checked(buffer: ReplayBuffer, episode: Episode, name: str) -> Episode:
    """The same in arrays that fit; its observations as a list of leaves."""
    told, lane = buffer.described, _whole(episode.lane, f"{name}.lane", "int64")
    if not 0 <= lane < told.num_lanes:
        raise DataError(f"replay.{name}.lane", f"a lane below {told.num_lanes}", lane)
    shape = as_array(f"{name}.action", episode.action, "[T]").shape
    if len(shape) != 1 or shape == (0,):
        raise DataError(f"replay.{name}.action", "shape [T], at least 1 step", shape)
    action = as_field(episode.action, Field(f"{name}.action", "int64", (), 0), shape)
    wanted = f"an action in 0..{buffer.layout.num_actions - 1}"
    bad = (action < 0) | (action >= buffer.layout.num_actions)
    _refuse_step(f"{name}.action", wanted, action, bad)
    reward = _column(episode.reward, Field(f"{name}.reward", "float32", (), 0), shape, told.n_step)
    obs = []
    parts = parts_of(f"{name}.obs", buffer.obs_space, episode.obs)
    for leaf, own in zip(leaves(buffer.obs_space), parts, strict=True):
        field = Field(f"{name}.obs{leaf.suffix}", leaf.dtype, leaf.shape, 0)
        obs.append(_column(own, field, (shape[0] + 1,)))
    terminated, truncated = (
        bool(_whole(getattr(episode, end), f"{name}.{end}", "bool"))
        for end in ("terminated", "truncated")
    )
    return Episode(lane, obs, action, reward, terminated, truncated or not terminated)


def _whole(value: object, name: str, dtype: str) -> int:
    return int(as_field(value, Field(name, dtype, (), 0), ()))


def _column(value: object, field: Field, lead: tuple[int, ...], num: int = 1) -> Array:
    """The column of a field, finite also where `num` of its numbers are added up."""
    array = as_field(value, field, lead)
    if array.dtype.kind == "f":
        most = np.finfo(array.dtype).max / num
        bad = ~(np.abs(array) <= most).all(tuple(range(1, array.ndim)))
        told = "finite numbers" if num == 1 else f"magnitudes of at most {most:.2g}"
        _refuse_step(field.name, told, array, bad)
    return array


def _refuse_step(name: str, wanted: str, column: Array, bad: Bools) -> None:
    if bad.any():
        t = int(bad.argmax())
        got = column[t].tolist()
        raise DataError(f"replay.{name} (step {t})", wanted, got, "Nothing was stored.")


def _add(buffer: ReplayBuffer, episode: Episode, t: int) -> None:
    """Adds step t as that of one environment, in its own lane."""
    lanes, last = buffer.described.num_lanes, t + 1 == len(episode.reward)
    valid = (np.arange(lanes) == episode.lane)[:, None]
    valid = valid[0] if buffer.lanes is None else valid

    def spread(number: Any) -> Array:
        return np.broadcast_to(number, (*valid.shape, *np.shape(number)))

    obs, next_obs = (
        nest(buffer.obs_space, (spread(leaf[at]) for leaf in episode.obs)) for at in (t, t + 1)
    )
    numbers = spread(episode.action[t]), spread(episode.reward[t])
    ends = valid & (last and episode.terminated), valid & (last and episode.truncated)
    buffer.add(obs, *numbers, next_obs, *ends, valid)
