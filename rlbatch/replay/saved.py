"""A buffer's state as tensors, and back: memory, draw counter, sampler."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from rlbatch.errors import DataError
from rlbatch.replay.memory import Arrays, Memory, check, incoming, part
from rlbatch.replay.sampling.sampler import Sampler
from rlbatch.replay.storage.ring import Rows


def state_of(memory: Memory, draws: Rows, sampler: Sampler) -> dict[str, Tensor]:
    """All that changes in a buffer, in its own memory; the sampler's part has a prefix.

    Args:
        memory: of which what is written counts.
        draws: `[L]` the buffer's own counter.
        sampler: with what it remembers.
    """
    arrays: Arrays = memory.state() | {"draws": draws}
    arrays |= {f"sampler.{name}": own for name, own in sampler.state().items()}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def restore(state: Mapping[str, Tensor], memory: Memory, draws: Rows) -> Sampler:
    """Puts a `state_of` a buffer of the same description into these parts; returns its sampler.

    Raises:
        DataError: rows, counts, or a part of the sampler or the windows that do not fit; nothing
            is changed.
    """
    arrays = {name: tensor.numpy(force=True) for name, tensor in state.items()}
    own = arrays.get("draws", np.empty(0))
    if own.shape != draws.shape:
        raise DataError("replay.draws", f"[{len(draws)}] counts", own.shape)
    check(memory.ring, "", arrays)
    sampler = memory.described.sampler.start(len(draws), memory.described.capacity)
    sampler.load(incoming(memory.ring, arrays), part(arrays, "sampler."))
    memory.load(arrays)
    draws[:] = own
    return sampler
