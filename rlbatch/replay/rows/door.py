"""The buffer's door: what a caller hands in becomes packed rows, or one clear error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError
from rlbatch.replay.rows.cast import as_array, as_field
from rlbatch.replay.rows.layout import WORD, Field, Layout
from rlbatch.replay.rows.tree import pick
from rlbatch.replay.storage.ring import Rows

Bools = npt.NDArray[np.bool_]
Stacks = dict[str, npt.NDArray[Any]]
FLAGS = {name: Field(name, "bool", (), 0) for name in ("terminated", "truncated", "valid")}


class Packed(NamedTuple):
    """One call's transitions, lanes first."""

    rows: Rows  # [L, E, words]
    ended: Bools  # [L, E] terminated or truncated
    kept: Bools  # [L, E] counts as a transition
    stacks: Stacks  # obs and next_obs [L, E, k, *frame] where rows keep numbers of frames


class Door:
    """Packs transitions for one buffer.

    Args:
        layout: of a row.
        lanes: None where the input has no lane axis.
        gamma: γ.
        stack: the field of a stack of frames, where rows keep numbers of frames in its place.
    """

    def __init__(
        self, layout: Layout, lanes: int | None, gamma: float, stack: Field | None = None
    ) -> None:
        self._layout, self._lanes, self._gamma, self._stack = layout, lanes, gamma, stack
        self._wide = any(field.dtype in ("float16", "float64") for field in layout.fields)

    def pack(self, columns: Mapping[str, object], ends: Mapping[str, object], head: Rows) -> Packed:
        """Packed rows; their episode, and the numbers of their frames, are still to be written.

        Args:
            columns: obs, action, reward, next_obs.
            ends: terminated, truncated, valid (None: all).
            head: `[L]` rows ever written, to name the step in an error.

        Raises:
            DataError: a shape, dtype, action or non-finite number that does not fit.
        """
        layout, lead = self._layout, _lead(columns["reward"], self._lanes)
        flags = {name: _flags(name, value, lead) for name, value in ends.items()}
        packed = np.zeros(lead, layout.struct)
        stacks: Stacks = {}
        with np.errstate(over="ignore"):  # what overflows float32 is infinite, and refused below
            for name in ("action", "reward"):
                packed[name] = as_field(columns[name], layout.field(name), lead)
            for side, own in layout.sides.items():
                if self._stack is not None:
                    stacks[side] = as_field(columns[side], self._stack.named(side), lead)
                    continue
                for field, path in own:
                    packed[field.name] = as_field(pick(side, columns[side], path), field, lead)
        packed["discount"] = np.where(flags["terminated"], 0.0, self._gamma)
        if self._lanes is None:
            packed, flags, stacks = packed[None], _lifted(flags), _lifted(stacks)
        words = packed.view(np.int64).reshape(*packed.shape, layout.words)
        valid = flags["valid"]
        if self._wide or _suspect(layout, words):
            _refuse(layout, packed, valid, head)
        for side, stack in stacks.items():
            _refuse_numbers(side, stack, valid, head)
        return Packed(words, flags["terminated"] | flags["truncated"], valid, stacks)


def _lifted(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    return {name: array[None] for name, array in arrays.items()}


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
    column = packed["action"]
    bad = (column < 0) | (column >= layout.num_actions)
    if (bad & valid).any():
        wanted = f"an action in 0..{layout.num_actions - 1}"
        _name_the_row("action", wanted, column, bad & valid, valid, head)
    for field in layout.fields:
        _refuse_numbers(field.name, packed[field.name], valid, head)


def _refuse_numbers(name: str, column: npt.NDArray[Any], valid: Bools, head: Rows) -> None:
    """Raises on a number that is not finite, in rows that count."""
    if column.dtype.kind != "f" or np.isfinite(column).all():
        return
    bad = ~np.isfinite(column).reshape(*valid.shape, -1).all(-1) & valid
    if bad.any():
        _name_the_row(name, "finite numbers", column, bad, valid, head)


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
