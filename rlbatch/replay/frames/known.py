"""Which blocks of frames a saved state brings with it, or one clear error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError
from rlbatch.replay.frames.pool import Bools, Pool

Arrays = Mapping[str, npt.NDArray[Any]]
BLOCK = "block."
NAMES = "last", "running", "blocks", "current", "filled"


def known_blocks(state: Arrays, pool: Pool, in_place: bool) -> Bools:
    """Which blocks, `[blocks]`, can be read once the state is loaded.

    Args:
        state: what `Frames.state` gave.
        pool: that is to take it.
        in_place: all blocks lie where the pool's own lie, and none in the state.

    Raises:
        DataError: arrays that are missing or do not fit.
    """
    if missing := [name for name in NAMES if name not in state]:
        raise DataError("replay.frames", f"the arrays {', '.join(NAMES)}", f"no {missing[0]}")
    if state["blocks"].shape != (1,):
        raise DataError("replay.frames.blocks", "one count", state["blocks"].shape)
    num = max(0, int(state["blocks"][0]))
    known, wanted = np.full(num, in_place), (pool.block_frames * pool.frame_bytes,)
    for index in range(num):
        if (block := state.get(f"{BLOCK}{index}")) is None:
            continue
        if block.shape != wanted or block.dtype != np.uint8:
            told = f"{wanted[0]} bytes"
            raise DataError(f"replay.frames.{BLOCK}{index}", told, (block.shape, block.dtype))
        known[index] = True
    _check_streams(state["current"], state["filled"], pool, known)
    return known


def _check_streams(
    current: npt.NDArray[Any], filled: npt.NDArray[Any], pool: Pool, known: Bools
) -> None:
    """Refuses streams that write where no block is, or two into one."""
    fits = current.shape == filled.shape == pool.current.shape
    fits = fits and current.dtype.kind == filled.dtype.kind == "i"
    if fits:
        own = current[current >= 0]
        fits = current.min() >= -1 and current.max() < len(known) and bool(known[own].all())
        fits &= len(np.unique(own)) == len(own)
        fits &= filled.min() >= 0 and bool((filled <= pool.block_frames).all())
        fits &= bool((filled[current < 0] == pool.block_frames).all())
    if not fits:
        wanted = f"{len(pool.current)} streams, each with a block of its own"
        raise DataError("replay.frames", wanted, current.tolist())
