"""A buffer's state as tensors, and back: memory, draw counter, sampler."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from rlbatch.errors import DataError
from rlbatch.replay.description import Description
from rlbatch.replay.drawing import Drawing
from rlbatch.replay.memory import Arrays, Memory, check, incoming, part
from rlbatch.replay.sampling.start import started


def state_of(memory: Memory, drawing: Drawing, stored: bool = True) -> dict[str, Tensor]:
    """All that changes in a buffer, in its own memory; the sampler's part has a prefix.

    Args:
        memory: of which what is written counts.
        drawing: with what its sampler remembers, and accounts if any are kept.
        stored: with the rows and frames; False where their place keeps them.
    """
    told = json.dumps(memory.described.to_json(), sort_keys=True).encode()
    made = np.frombuffer(told, np.uint8).copy()
    arrays: Arrays = memory.state(stored) | {"draws": drawing.draws, "described": made}
    arrays |= {f"sampler.{name}": own for name, own in drawing.sampler.state().items()}
    if drawing.accounts is not None:
        arrays |= {f"accounts.{name}": own for name, own in drawing.accounts.state().items()}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def restore(
    state: Mapping[str, Tensor], memory: Memory, drawing: Drawing, stored: bool = True
) -> None:
    """Puts a `state_of` a buffer of the same description into these parts.

    Rows and frames that are not `stored` in it lie in the memory's place already.

    Raises:
        DataError: rows, counts, or a part of the sampler or the windows that do not fit; nothing
            is changed.
    """
    arrays = {name: tensor.numpy(force=True) for name, tensor in state.items()}
    _require_like(arrays, memory.described)
    draws, accounts = arrays.get("draws", np.empty(0)), drawing.accounts
    if draws.shape != drawing.draws.shape:
        raise DataError("replay.draws", f"[{len(drawing.draws)}] counts", draws.shape)
    check(memory.ring, "", arrays, stored)
    sampler = started(memory.described.sampler, memory.ring)
    sampler.load(incoming(memory.ring, arrays), part(arrays, "sampler."))
    told = part(arrays, "accounts.")
    if accounts is not None:
        accounts.check(told, arrays["head"])
    memory.load(arrays, stored)
    if accounts is not None:
        accounts.load(told)
    drawing.draws[:] = draws
    drawing.use(sampler)


def _require_like(arrays: Arrays, described: Description) -> None:
    """Refuses the state of a buffer that was made otherwise; accounts may come or go."""
    if "described" not in arrays:
        raise DataError("replay", "what `state_dict` gave", ", ".join(arrays) or "nothing")
    told = json.loads(arrays["described"].tobytes())
    for name, own in json.loads(json.dumps(described.to_json())).items():
        if name != "accounting" and told.get(name) != own:
            advice = "Load it into a buffer that is made as that one was."
            raise DataError(f"replay.{name}", f"{own}", told.get(name), advice)
