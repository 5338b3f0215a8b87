"""Counter-based random numbers: (seed, purpose, counter, i) -> 64 bits, with no state.

    key   = mix(mix(mix(seed + g) + g · purpose) + g · counter)
    bits  = mix(key + g · (i + 1))                          i = 0, 1, 2, ...

`mix` is SplitMix64's finaliser and g its increment (Steele, Lea, Flood 2014, "Fast Splittable
Pseudorandom Number Generators", https://doi.org/10.1145/2660193.2660195). Numba, NumPy and torch
give the same integers, on every device and inside vmap. Element i does not depend on how many are
asked for, so 32 draws are the prefix of 512, and no lane's numbers depend on its neighbours'.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, TypeGuard

import numba
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Ints = int | Sequence[int] | npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

GOLDEN = 0x9E3779B97F4A7C15
MIX_1 = 0xBF58476D1CE4E5B9
MIX_2 = 0x94D049BB133111EB
UPDATES_PER_STEP = 1 << 20  # room for j in `draw_counter`


class Purpose(IntEnum):
    """What a random number is for; no two purposes share a stream."""

    WEIGHTS = 1  # counter 0
    RESET = 2  # counter: episode, i: env of the lane
    EXPLORE = 3  # counter: env step, i: env of the lane
    ACTION = 4  # counter: env step, i: env of the lane
    DRAW = 5  # counter: draw_counter(env step, update), i: row
    LOSS = 6  # counter: update
    RESAMPLE = 7  # bootstrap intervals
    PROBE = 8  # counter: third of the probe set, i: place; counter 3: where power iteration starts
    ORDER = 9  # batch sizes: replayed, counter 0, i: update; random, counter: their period
    CHOICE = 10  # counter: draw_counter(env step, update), i: row chosen out of a large draw


def draw_counter(env_step: Ints, update: int) -> npt.NDArray[np.int64]:
    """The counter of the `update`-th draw at an env step, one number for the pair."""
    return np.asarray(env_step, np.int64) * UPDATES_PER_STEP + update


def bits(seed: Ints, purpose: int, counter: Ints, num: int) -> npt.NDArray[np.uint64]:
    """Random bits `[..., num]` uint64 for seeds and counters that broadcast to `[...]`."""
    if _per_lane(seed) and _per_lane(counter) and len(seed) == len(counter):
        out = np.empty((len(seed), num), np.uint64)  # learning asks so at every update
        _fill_bits(seed, int(purpose), counter, out)
        return out
    lead, seeds, counters = _pairs(seed, counter)
    out = np.empty((*lead, num), np.uint64)
    _fill_bits(seeds, int(purpose), counters, out.reshape(-1, num))
    return out


def uniform(seed: Ints, purpose: int, counter: Ints, num: int) -> Floats:
    """Uniform numbers in [0, 1), `[..., num]` float64, from the top 53 bits."""
    lead, seeds, counters = _pairs(seed, counter)
    out = np.empty((*lead, num), np.float64)
    _fill_uniform(seeds, int(purpose), counters, out.reshape(-1, num))
    return out


def uniform_ahead(seed: Ints, purpose: int, counter: Ints, ahead: int, num: int) -> Floats:
    """`uniform` at the next counters, `[..., ahead, num]`: counter + 1, counter + 2, ..."""
    lead, seeds, counters = _pairs(seed, counter)
    out = np.empty((*lead, ahead, num), np.float64)
    _fill_uniform_ahead(seeds, int(purpose), counters, out.reshape(-1, ahead, num))
    return out


def bits_numpy(seed: Ints, purpose: int, counter: Ints, num: int) -> npt.NDArray[np.uint64]:
    """`bits` in plain NumPy: the readable twin."""
    golden = np.uint64(GOLDEN)

    def as_words(numbers: Ints) -> npt.NDArray[np.uint64]:
        return np.asarray(numbers, np.int64)[..., None].astype(np.uint64)

    with np.errstate(over="ignore"):
        key = _mix_numpy(as_words(seed) + golden)
        key = _mix_numpy(key + golden * np.uint64(purpose))
        key = _mix_numpy(key + golden * as_words(counter))
        return _mix_numpy(key + golden * np.arange(1, num + 1, dtype=np.uint64))


def bits_torch(seed: Tensor, purpose: int, counter: Tensor | int, num: int) -> Tensor:
    """`bits` in torch: the same words as int64 `[..., num]`, on any device, under vmap too."""
    golden = _signed(GOLDEN)
    counter = torch.as_tensor(counter, dtype=torch.int64, device=seed.device)
    key = _mix_torch(seed + golden)
    key = _mix_torch(key + _signed(GOLDEN * purpose))
    key = _mix_torch(key + golden * counter)
    steps = torch.arange(1, num + 1, dtype=torch.int64, device=seed.device)
    return _mix_torch(key[..., None] + golden * steps)


def uniform_torch(seed: Tensor, purpose: int, counter: Tensor | int, num: int) -> Tensor:
    """`uniform` in torch: the same float64 numbers `[..., num]`."""
    return _shift(bits_torch(seed, purpose, counter, num), 11).double() * 2.0**-53


def _words(numbers: Ints) -> TypeGuard[npt.NDArray[np.int64]]:
    return isinstance(numbers, np.ndarray) and numbers.dtype == np.int64


def _per_lane(numbers: Ints) -> TypeGuard[npt.NDArray[np.int64]]:
    return _words(numbers) and numbers.ndim == 1


def _pairs(
    seed: Ints, counter: Ints
) -> tuple[tuple[int, ...], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The common shape, and seeds and counters flat and of one length."""
    if _words(seed) and _words(counter) and seed.shape == counter.shape:
        return seed.shape, seed.reshape(-1), counter.reshape(-1)  # environments ask so
    seeds, counters = np.asarray(seed, np.int64), np.asarray(counter, np.int64)
    lead = np.broadcast_shapes(seeds.shape, counters.shape)
    flat = [np.array(np.broadcast_to(numbers, lead)).reshape(-1) for numbers in (seeds, counters)]
    return lead, flat[0], flat[1]


def _mix_numpy(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(MIX_1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(MIX_2)
    return z ^ (z >> np.uint64(31))


def _mix_torch(z: Tensor) -> Tensor:
    z = (z ^ _shift(z, 30)) * _signed(MIX_1)
    z = (z ^ _shift(z, 27)) * _signed(MIX_2)
    return z ^ _shift(z, 31)


def _shift(z: Tensor, by: int) -> Tensor:
    """Logical right shift: torch has only the arithmetic one."""
    return (z >> by) & ((1 << (64 - by)) - 1)


def _signed(word: int) -> int:
    """The int64 with the same 64 bits."""
    word &= (1 << 64) - 1
    return word - (1 << 64) if word >> 63 else word


@numba.njit(cache=True, inline="always")
def _mix(z: Any) -> Any:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(MIX_1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(MIX_2)
    return z ^ (z >> np.uint64(31))


@numba.njit(cache=True)
def stream_key(seed: Any, purpose: Any, counter: Any) -> Any:
    """The key of one stream, inside numba kernels."""
    golden = np.uint64(GOLDEN)
    key = _mix(np.uint64(seed) + golden)
    key = _mix(key + golden * np.uint64(purpose))
    return _mix(key + golden * np.uint64(counter))


@numba.njit(cache=True, inline="always")
def stream_bits(key: Any, i: Any) -> Any:
    """Element i of a stream, inside numba kernels."""
    return _mix(key + np.uint64(GOLDEN) * np.uint64(i + 1))


@numba.njit(cache=True, inline="always")
def stream_uniform(key: Any, i: Any) -> Any:
    """Element i of a stream as a float64 in [0, 1), inside numba kernels."""
    return np.float64(stream_bits(key, i) >> np.uint64(11)) * 2.0**-53


@numba.njit(cache=True)
def _fill_bits(seeds: Any, purpose: Any, counters: Any, out: Any) -> None:
    for lane in range(seeds.shape[0]):
        key = stream_key(seeds[lane], purpose, counters[lane])
        for i in range(out.shape[1]):
            out[lane, i] = stream_bits(key, i)


@numba.njit(cache=True)
def _fill_uniform_ahead(seeds: Any, purpose: Any, counters: Any, out: Any) -> None:
    for lane in range(seeds.shape[0]):
        for k in range(out.shape[1]):
            key = stream_key(seeds[lane], purpose, counters[lane] + k + 1)
            for i in range(out.shape[2]):
                out[lane, k, i] = stream_uniform(key, i)


@numba.njit(cache=True)
def _fill_uniform(seeds: Any, purpose: Any, counters: Any, out: Any) -> None:
    for lane in range(seeds.shape[0]):
        key = stream_key(seeds[lane], purpose, counters[lane])
        for i in range(out.shape[1]):
            out[lane, i] = stream_uniform(key, i)
