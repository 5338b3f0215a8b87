"""Columns become packed rows: one pass that writes, and looks for what must not be stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.replay.rows.layout import WORD, Layout
from rlbatch.replay.storage.ring import Rows

Bools = npt.NDArray[np.bool_]
UNKNOWN = {"?": np.uint8, "e": np.uint16}  # bool and float16, which kernels cannot calculate with


class Writer:
    """Writes rows of one layout.

    Args:
        layout: of a row.
        gamma: γ.
    """

    def __init__(self, layout: Layout, gamma: float) -> None:
        self._layout, self._gamma = layout, float(gamma)
        names = "action", "reward", "discount"
        self._places = tuple(layout.field(name).offset for name in names)
        self._sides = [field for own in layout.sides.values() for field in own]

    def write(
        self,
        lead: tuple[int, ...],
        columns: Mapping[str, npt.NDArray[Any]],
        terminated: Bools,
        truncated: Bools,
    ) -> tuple[Rows, Bools, bool]:
        """Rows `[N, words]`, which end an episode `[N]`, and whether all in them is sound.

        Sound are actions in range and finite numbers. Fields without a column are zeros.

        Args:
            lead: of all columns, N transitions in all.
            columns: by field, of the field's dtype.
            terminated: `[*lead]`.
            truncated: `[*lead]`.
        """
        num = columns["reward"].size
        rows, ended = np.empty((num, self._layout.words), np.int64), np.empty(num, np.bool_)
        ends = terminated.reshape(-1), truncated.reshape(-1)
        numbers = _flat(columns["action"]), _flat(columns["reward"]), *ends
        around = self._gamma, self._layout.num_actions, self._places
        sound = _write(rows, *numbers, *around, ended)
        for field in self._sides:
            if field.name in columns:
                column = _flat(columns[field.name])
                sound &= _copy(rows, column.reshape(num, -1), field.offset)
                if field.dtype == "float16":
                    sound &= bool(np.isfinite(columns[field.name]).all())
        return rows, ended, bool(sound)


def _flat(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """One axis, contiguous and writable, of a dtype that kernels know: each other compiles anew."""
    if (char := column.dtype.char) in UNKNOWN:
        column = column.view(UNKNOWN[char])
    if not column.flags.carray:
        column = column.copy()
    return column.reshape(-1)


@numba.njit(cache=True)
def _write(
    rows: Any,
    action: Any,
    reward: Any,
    terminated: Any,
    truncated: Any,
    gamma: Any,
    actions: Any,
    places: Any,
    ended: Any,
) -> bool:
    """Writes all but the observations; is what was written sound?"""
    halves = rows.view(np.float32)
    sound = True
    for n in range(rows.shape[0]):
        for w in range(rows.shape[1]):
            rows[n, w] = 0
        rows[n, places[0] // WORD] = action[n]
        halves[n, places[1] // 4] = reward[n]
        halves[n, places[2] // 4] = 0.0 if terminated[n] else gamma
        ended[n] = terminated[n] or truncated[n]
        sound &= 0 <= action[n] < actions and np.isfinite(reward[n])
    return sound


@numba.njit(cache=True)
def _copy(rows: Any, column: Any, offset: Any) -> bool:
    """Writes a column `[N, D]` at an offset of bytes; is it finite?"""
    out = rows.view(column.dtype)
    start = offset // column.itemsize
    sound = True
    for n in range(column.shape[0]):
        for i in range(column.shape[1]):
            out[n, start + i] = column[n, i]
            sound &= np.isfinite(column[n, i])
    return sound
