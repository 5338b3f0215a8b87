"""A buffer's state as tensors, and back: ring, draw counter, sampler, open windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch.errors import DataError, FileError
from rlbatch.replay.rows.n_step import NStep
from rlbatch.replay.rows.spaces import space_from_json
from rlbatch.replay.sampling.kinds import sampler_from_json
from rlbatch.replay.sampling.sampler import Sampler, SamplerSettings
from rlbatch.replay.storage.ring import Ring, Rows

Arrays = dict[str, npt.NDArray[Any]]


def state_of(ring: Ring, draws: Rows, sampler: Sampler, n_step: NStep) -> dict[str, Tensor]:
    """All that changes in a buffer; the sampler's part and the windows' have names of their own.

    Args:
        ring: of which what is written counts.
        draws: `[L]` the buffer's own counter.
        sampler: with what it remembers.
        n_step: with the windows that are open.
    """
    written = int(ring.fill.max())
    arrays: Arrays = {
        "rows": ring.rows[:, :written],
        "head": ring.head,
        "fill": ring.fill,
        "draws": draws,
    }
    arrays |= {f"sampler.{name}": own for name, own in sampler.state().items()}
    if n_step.steps > 1:
        arrays |= {f"n_step.{name}": own for name, own in n_step.state().items()}
    return {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}


def restore(
    state: Mapping[str, Tensor], ring: Ring, draws: Rows, sampler: Sampler, n_step: NStep
) -> None:
    """Puts a `state_of` a like buffer into these parts.

    Raises:
        DataError: rows or counts that do not fit, with nothing changed; or a sampler's or the
            windows' part that does not.
    """
    arrays = {name: tensor.numpy(force=True) for name, tensor in state.items()}
    rows, head, fill = (arrays[name] for name in ("rows", "head", "fill"))
    _check(ring, rows, head, fill, arrays["draws"])
    ring.rows[:, : rows.shape[1]] = rows
    ring.head[:], ring.fill[:], draws[:] = head, fill, arrays["draws"]
    sampler.load(ring, _part(arrays, "sampler."))
    if n_step.steps > 1:
        n_step.load(_part(arrays, "n_step."))


def arguments(
    meta: Mapping[str, Any], path: str, sampler: SamplerSettings | None
) -> dict[str, Any]:
    """What a buffer was made with, but for the device, from the description in its file.

    Raises:
        FileError: another tensor file; or a sampler that only the caller knows, and did not give.
    """
    if "obs_space" not in meta:
        raise FileError(path, "a replay buffer", "another tensor file")
    known: dict[str, Any] = {"n_step": 1, "sampler": {"kind": "uniform"}} | dict(meta)
    return {
        "capacity": known["capacity"],
        "obs_space": space_from_json(known["obs_space"]),
        "action_space": space_from_json(known["action_space"]),
        "lanes": known["lanes"],
        "seed": known["seeds"],
        "gamma": known["gamma"],
        "n_step": known["n_step"],
        "sampler": sampler or sampler_from_json(known["sampler"], path),
    }


def _check(ring: Ring, rows: Rows, head: Rows, fill: Rows, draws: Rows) -> None:
    lanes, capacity, words = ring.rows.shape
    for name, counts in (("head", head), ("fill", fill), ("draws", draws)):
        if counts.shape != (lanes,):
            raise DataError(f"replay.{name}", f"[{lanes}] counts", counts.shape)
    if not np.array_equal(fill, np.minimum(head, capacity)):
        raise DataError("replay.fill", f"min(head, {capacity})", fill.tolist())
    if rows.shape != (lanes, int(fill.max()), words):
        raise DataError("replay.rows", f"[{lanes}, {fill.max()}, {words}] words", rows.shape)


def _part(arrays: Arrays, prefix: str) -> Arrays:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
