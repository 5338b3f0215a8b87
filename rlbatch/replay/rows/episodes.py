"""Which episode a row is of: a number a lane, counted up where episodes begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError
from rlbatch.replay.rows.door import Bools
from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.storage.ring import Rows


class Episodes:
    """Writes the number of the running episode into rows, for each environment of each lane.

    Numbers start at 0 in every lane and are given in the order of the episodes' first transitions.
    With another number of environments than before, all of them begin an episode.

    Args:
        lanes: L.
        layout: of a row.
    """

    def __init__(self, lanes: int, layout: Layout) -> None:
        self._place = layout.field("episode").offset // 4
        self._running = np.zeros(
            (lanes, 0), np.int64
        )  # [L, E] number of the running episode, -1: none yet
        self._begun = np.zeros(lanes, np.int64)  # [L] episodes begun

    @property
    def counts(self) -> tuple[Rows, Rows]:
        """The number of each running episode `[L, E]`, -1 before its first transition, and of
        episodes begun `[L]`; the arrays."""
        return self._running, self._begun

    def number(self, rows: Rows, ended: Bools, kept: Bools) -> None:
        """Numbers rows `[L, E, words]` that are `kept`; where `ended` an episode is over."""
        if rows.shape[1] != self._running.shape[1]:
            self._running = np.full(rows.shape[:2], -1, np.int64)
        _number(rows.view(np.int32), self._place, ended, kept, self._running, self._begun)

    def upcoming(self, kept: Bools) -> Rows:
        """The numbers `[L, E]` that rows of the next step get, where `kept`."""
        running = self._running
        if kept.shape[1] != running.shape[1]:
            running = np.full(kept.shape, -1, np.int64)
        new = kept & (running < 0)
        return np.where(new, self._begun[:, None] + np.cumsum(new, 1) - 1, running)

    def of(self, rows: Rows) -> npt.NDArray[np.int32]:
        """The episodes `[...]` of packed rows `[..., words]`."""
        return rows.view(np.int32)[..., self._place]

    def state(self) -> dict[str, npt.NDArray[np.generic]]:
        """All that it remembers, by name; the arrays themselves."""
        return {"running": self._running, "begun": self._begun}

    def load(self, state: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Takes a `state` of as many lanes.

        Raises:
            DataError: arrays that do not fit; nothing is changed.
        """
        shapes = {name: array.shape for name, array in state.items()}
        lanes = len(self._begun)
        running = shapes.get("running", ())
        if shapes.get("begun") != (lanes,) or len(running) != 2 or running[0] != lanes:
            raise DataError("replay.episodes", f"running [{lanes}, E], begun [{lanes}]", shapes)
        self._running = state["running"].astype(np.int64)
        self._begun = state["begun"].astype(np.int64)


@numba.njit(cache=True)
def _number(halves: Any, place: Any, ended: Any, kept: Any, running: Any, begun: Any) -> None:
    for lane in range(running.shape[0]):
        for e in range(running.shape[1]):
            if kept[lane, e]:
                halves[lane, e, place] = _numbered(lane, e, running, begun)
            if ended[lane, e]:
                running[lane, e] = -1


@numba.njit(cache=True, inline="always")
def _numbered(lane: Any, e: Any, running: Any, begun: Any) -> Any:
    """The number of a running episode, its own from its first transition on."""
    if running[lane, e] < 0:
        running[lane, e] = begun[lane]
        begun[lane] += 1
    return running[lane, e]
