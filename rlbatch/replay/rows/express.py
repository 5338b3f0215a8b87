"""The short way in: a call whose arrays are of the very dtypes kept goes into the ring in one pass.

It refuses nothing itself. Whatever is not plainly right takes the long way, through the door, which
converts it or says what is wrong.
"""

from __future__ import annotations

import functools
from typing import Any

import numba
import numpy as np
from numba import types
from torch import Tensor

from rlbatch.replay.rows.episodes import Episodes
from rlbatch.replay.rows.layout import WORD, Layout
from rlbatch.replay.storage.ring import Ring

Columns = tuple[object, ...]  # obs, action, reward, next_obs, terminated, truncated

UNWRITABLE = "bool", "float16"  # by the kernel here
PATIENCE = 8  # calls in a row that may take the long way before nothing else is tried


class Express:
    """For one-step rows of plain observations that all go into one ring in memory.

    The kernel is compiled for the dtypes kept, so that calling it checks them, and memory order.

    Args:
        layout: of a row, with observations of one array.
        lanes: None where the input has no lane axis.
        gamma: γ.
        ring: where the rows go.
    """

    def __init__(self, layout: Layout, lanes: int | None, gamma: float, ring: Ring) -> None:
        self._ring, self._gamma = ring, float(gamma)
        obs, axes = layout.field("obs"), 1 if lanes is None else 2
        self._take = _kernel(obs.dtype, axes + len(obs.shape), axes)
        self._shape, self._actions = np.array(obs.shape, np.int64), layout.num_actions
        names = "action", "reward", "discount", "episode", "obs", "next_obs"
        self._places = np.array([layout.field(name).offset for name in names])
        self._misses = 0

    def add(self, columns: Columns, episodes: Episodes) -> bool:
        """Stores obs, action, reward, next_obs, terminated, truncated; or False, nothing done."""
        if self._misses >= PATIENCE:
            return False
        ring = self._ring
        to = ring.rows, ring.capacity, ring.head, ring.fill, *episodes.counts
        try:
            if type(columns[2]) is Tensor:
                columns = _as_arrays(columns)
            done = self._take(*to, self._gamma, self._actions, self._places, self._shape, *columns)
        except TypeError:  # other dtypes than the kernel's
            self._misses += 1
            return False
        self._misses = 0
        return bool(done)


def _as_arrays(columns: Any) -> Columns:
    """Tensors in memory as the arrays that they are; anything else as it came."""
    try:
        return tuple([column.numpy() for column in columns])  # refuses what is not in memory
    except (AttributeError, RuntimeError, TypeError):
        return tuple(map(_as_array, columns))


def _as_array(value: object) -> object:
    """A tensor in memory as the array that it is; anything else as it came."""
    ready = type(value) is Tensor and value.is_cpu and not value.requires_grad
    return value.numpy() if ready and isinstance(value, Tensor) else value


@functools.cache
def _kernel(obs: str, obs_axes: int, axes: int) -> Any:
    """The pass for observations of one dtype; rewards may be float32 or float64."""

    def array(dtype: str, ndim: int) -> Any:
        return types.Array(numba.from_dtype(np.dtype(dtype)), ndim, "C")

    rows, counts, flags = array("int64", 3), array("int64", 1), array("bool", axes)
    to = rows, types.int64, counts, counts, array("int64", 2), counts
    around = types.float64, types.int64, counts, counts
    before, action = array(obs, obs_axes), array("int64", axes)
    signatures = [
        types.boolean(*to, *around, before, action, array(reward, axes), before, flags, flags)
        for reward in ("float32", "float64")
    ]
    return numba.njit(signatures, cache=True)(_take)


def _take(
    rows: Any,
    capacity: Any,
    head: Any,
    fill: Any,
    running: Any,
    begun: Any,
    gamma: Any,
    actions: Any,
    places: Any,
    shape: Any,
    obs: Any,
    action: Any,
    reward: Any,
    next_obs: Any,
    terminated: Any,
    truncated: Any,
) -> bool:
    """Looks at all, then writes all; False, and nothing written, where something is not sound."""
    lanes, slots, words = rows.shape
    envs = running.shape[1]
    one, act, own = (lanes, envs), action.reshape(-1), reward.reshape(-1)
    size = shape.prod()
    if not _fits(one, shape, obs, action, reward, next_obs, terminated, truncated):
        return False
    before, after = obs.reshape(-1), next_obs.reshape(-1)
    for n in range(act.shape[0]):
        if act[n] < 0 or act[n] >= actions or not np.isfinite(np.float32(own[n])):
            return False
    for i in range(before.shape[0]):
        if not (np.isfinite(before[i]) and np.isfinite(after[i])):
            return False
    final, cut = terminated.reshape(one), truncated.reshape(one)
    flat = rows.reshape(-1)
    halves, typed = flat.view(np.float32), flat.view(obs.dtype)
    numbers = flat.view(np.int32)
    for lane in range(lanes):
        slot = head[lane] % slots
        for e in range(envs):
            n, start = lane * envs + e, (lane * slots + slot) * words
            octets = start * WORD
            flat[start + places[0] // WORD] = act[n]
            halves[(octets + places[1]) // 4] = own[n]
            halves[(octets + places[2]) // 4] = 0.0 if final[lane, e] else gamma
            episode = running[lane, e]
            if episode < 0:
                episode = begun[lane]
                begun[lane] += 1
            numbers[(octets + places[3]) // 4] = episode
            left, right = (octets + places[4]) // obs.itemsize, (octets + places[5]) // obs.itemsize
            for i in range(size):
                typed[left + i] = before[n * size + i]
                typed[right + i] = after[n * size + i]
            running[lane, e] = -1 if final[lane, e] or cut[lane, e] else episode
            slot = slot + 1 if slot + 1 < slots else 0
        head[lane] += envs
        fill[lane] = min(head[lane], capacity)
    return True


@numba.njit(cache=True, inline="always")
def _fits(
    lead: Any,
    shape: Any,
    obs: Any,
    action: Any,
    reward: Any,
    next_obs: Any,
    terminated: Any,
    truncated: Any,
) -> bool:
    """Are all columns `[L, E]`, or `[E]`, and observations `[..., *shape]`?"""
    axes = reward.ndim
    if lead[1] == 0:
        return False
    for column in (action.shape, reward.shape, terminated.shape, truncated.shape):
        if column[axes - 1] != lead[1] or (axes == 2 and column[0] != lead[0]):
            return False
    for column in (obs.shape, next_obs.shape):
        if column[axes - 1] != lead[1] or (axes == 2 and column[0] != lead[0]):
            return False
        for i in range(shape.shape[0]):
            if column[axes + i] != shape[i]:
                return False
    return True
