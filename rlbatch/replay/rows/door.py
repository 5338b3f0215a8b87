"""The buffer's door: what a caller hands in becomes packed rows, or one clear error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError
from rlbatch.replay.rows.layout import WORD, Field, Layout, as_array, as_field
from rlbatch.replay.storage.ring import Rows

Bools = npt.NDArray[np.bool_]
FLAGS = {name: Field(name, "bool", (), 0) for name in ("terminated", "truncated", "valid")}


def pack(
    layout: Layout,
    lanes: int | None,
    gamma: float,
    columns: Mapping[str, object],
    ends: Mapping[str, object],
    head: Rows,
) -> tuple[Rows, Bools, Bools]:
    """Packed rows `[L, E, words]`, which of them end an episode, and which count, `[L, E]` each.

    Args:
        layout: of a row.
        lanes: None where the input has no lane axis.
        gamma: γ.
        columns: obs, action, reward, next_obs.
        ends: terminated, truncated, valid (None: all).
        head: `[L]` rows ever written, to name the step in an error.
    """
    lead = _lead(columns["reward"], lanes)
    flags = {name: _flags(name, value, lead) for name, value in ends.items()}
    packed = np.zeros(lead, layout.struct)
    with np.errstate(over="ignore"):  # what overflows float32 is infinite, and refused below
        for name, value in columns.items():
            packed[name] = as_field(value, layout.field(name), lead)
    packed["discount"] = np.where(flags["terminated"], 0.0, gamma)
    if lanes is None:
        packed, flags = packed[None], {name: flag[None] for name, flag in flags.items()}
    words = packed.view(np.int64).reshape(*packed.shape, layout.words)
    if _suspect(layout, words):
        _refuse(layout, packed, flags["valid"], head)
    return words, flags["terminated"] | flags["truncated"], flags["valid"]


def _lead(reward: object, lanes: int | None) -> tuple[int, ...]:
    axes, named = (1, "[E]") if lanes is None else (2, f"[{lanes}, E]")
    shape = tuple(as_array("reward", reward, named).shape)
    if len(shape) != axes or (lanes is not None and shape[0] != lanes):
        raise DataError("replay.reward", f"shape {named}", shape)
    return shape


def _flags(name: str, value: object, lead: tuple[int, ...]) -> Bools:
    if value is None:
        return np.ones(lead, np.bool_)
    return as_field(value, FLAGS[name], lead)


def _suspect(layout: Layout, words: Rows) -> bool:
    """One pass over all rows, for the call in which nothing is wrong."""
    if any(field.dtype in ("float16", "float64") for field in layout.fields):
        return True
    flat = words.reshape(-1, layout.words)
    action = layout.field("action").offset // WORD
    return bool(_any_bad(flat, flat.view(np.float32), layout.floats, action, layout.num_actions))


@numba.njit(cache=True)
def _any_bad(words: Any, halves: Any, floats: Any, action: Any, actions: Any) -> bool:
    """Is an action out of range, or a float32 not finite? `floats` counts in fours of bytes."""
    for n in range(words.shape[0]):
        if words[n, action] < 0 or words[n, action] >= actions:
            return True
        for place in floats:
            if not np.isfinite(halves[n, place]):
                return True
    return False


def _refuse(layout: Layout, packed: npt.NDArray[Any], valid: Bools, head: Rows) -> None:
    """Raises on what must not be learned from: a non-finite number, an action out of range."""
    for field in layout.fields:
        column = packed[field.name]
        if field.name == "action":
            bad = (column < 0) | (column >= layout.num_actions)
            wanted = f"an action in 0..{layout.num_actions - 1}"
        elif np.dtype(field.dtype).kind == "f":
            bad = ~np.isfinite(column)
            wanted = "finite numbers"
        else:
            continue
        if bad.any():
            bad = bad.reshape(*valid.shape, -1).any(-1) & valid
            if bad.any():
                _name_the_row(field.name, wanted, column, bad, valid, head)


def _name_the_row(
    name: str, wanted: str, column: npt.NDArray[Any], bad: Bools, valid: Bools, head: Rows
) -> None:
    lane, env = np.argwhere(bad)[0]
    step = int(head[lane] + valid[lane, :env].sum())
    raise DataError(
        f"replay.{name} (lane {lane}, env {env}, step {step})",
        wanted,
        column[lane, env].tolist(),
        "Nothing of this call was stored.",
    )
