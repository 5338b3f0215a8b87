"""The buffer's door: what a caller hands in becomes packed rows, or one clear error."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError
from rlbatch.replay.rows.cast import as_array, as_field
from rlbatch.replay.rows.layout import SIDES, Field, Layout
from rlbatch.replay.rows.tree import parts_of
from rlbatch.replay.rows.writer import Writer
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
        self._layout, self._lanes, self._gamma = layout, lanes, gamma
        self._stacks = {side: stack.named(side) for side in SIDES} if stack else {}
        self._action, self._reward = layout.field("action"), layout.field("reward")
        self._writer = Writer(layout, gamma)

    def pack(self, columns: Mapping[str, object], head: Rows) -> Packed:
        """Packed rows; their episode, and the numbers of their frames, are still to be written.

        Args:
            columns: obs, action, reward, next_obs, terminated, truncated, valid (None: all).
            head: `[L]` rows ever written, to name the step in an error.

        Raises:
            DataError: a shape, dtype, action or non-finite number that does not fit.
        """
        reward = as_array("reward", columns["reward"], "[E]")
        lead = _lead(reward.shape, self._lanes)
        own = {"action": as_field(columns["action"], self._action, lead)}
        own["reward"] = as_field(reward, self._reward, lead)
        stacks = self._take_obs(columns, lead, own)
        terminated, truncated, valid = (_flags(name, columns[name], lead) for name in FLAGS)
        rows, ended, sound = self._writer.write(lead, own, terminated, truncated)
        rows = rows.reshape(self._lanes or 1, -1, self._layout.words)
        ended, valid = ended.reshape(rows.shape[:2]), valid.reshape(rows.shape[:2])
        if not sound:
            _refuse(self._layout, rows.view(self._layout.struct)[..., 0], valid, head)
        for side, stack in stacks.items():
            stacks[side] = stack.reshape(*rows.shape[:2], *stack.shape[len(lead) :])
            _refuse_numbers(side, stacks[side], valid, head)
        return Packed(rows, ended, valid, stacks)

    def _take_obs(
        self, columns: Mapping[str, object], lead: tuple[int, ...], own: Stacks
    ) -> Stacks:
        """Puts the observations' arrays into `own` by field, or returns stacks of frames."""
        stacks: Stacks = {}
        space = self._layout.obs_space
        for side, fields in self._layout.sides.items():
            if side in self._stacks:
                stacks[side] = as_field(columns[side], self._stacks[side], lead)
                continue
            parts = parts_of(side, space, columns[side])
            for field, part in zip(fields, parts, strict=True):
                own[field.name] = as_field(part, field, lead)
        return stacks


def _lead(shape: tuple[int, ...], lanes: int | None) -> tuple[int, ...]:
    axes, named = (1, "[E]") if lanes is None else (2, f"[{lanes}, E]")
    if len(shape) != axes or (lanes is not None and shape[0] != lanes) or shape[-1] == 0:
        advice = "There is one entry for each environment: [reward] for a single one."
        raise DataError("replay.reward", f"shape {named}", shape, advice)
    return shape


@functools.lru_cache(16)
def _all(lead: tuple[int, ...]) -> Bools:
    return np.ones(lead, np.bool_)


def _flags(name: str, value: object, lead: tuple[int, ...]) -> Bools:
    if value is None:
        return _all(lead)
    return as_field(value, FLAGS[name], lead)


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
