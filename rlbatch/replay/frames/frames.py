"""Stacks of frames in, numbers of frames in rows, stacks out again: each frame is stored once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.errors import DataError
from rlbatch.replay.frames.counting import all_known, count, exchange
from rlbatch.replay.frames.known import BLOCK, Arrays, known_blocks
from rlbatch.replay.frames.matching import take
from rlbatch.replay.frames.pool import Bools, Pool, block_frames
from rlbatch.replay.frames.reading import read
from rlbatch.replay.rows.layout import WORD, Field, Layout
from rlbatch.replay.storage.place import Place
from rlbatch.replay.storage.ring import Ring, Rows


class Frames:
    """For each environment of each lane, which frames of its next stack are stored already.

    A stack is k frames, the newest last. A frame of obs that equals, byte for byte, the one in
    its place of the last next_obs is that one; a frame of next_obs that equals the one after it
    in obs is that one; a start that repeats a frame holds it once. All others are stored. So any
    stream comes back exactly, and one that moves on by a frame a step costs a frame a step, and
    one for each start.

    Every lane has two streams of frames, of which the second is for episodes that are held out.

    Args:
        layout: of a row, where numbers of frames stand in place of observations.
        stack: the field of an observation, `[k, *frame]`.
        lanes: L.
        capacity: C, rows a lane.
        place: makes blocks.
    """

    def __init__(
        self, layout: Layout, stack: Field, lanes: int, capacity: int, place: Place
    ) -> None:
        self.shape, self.dtype = stack.shape, np.dtype(stack.dtype)  # of a stack
        self._depth, self._nbytes = stack.shape[0], stack.nbytes
        first = layout.field("obs").offset // WORD
        self._places = first, first + 2 * self._depth  # words of a row
        frame_bytes = self._nbytes // self._depth
        self.pool = Pool(place, 2 * lanes, frame_bytes, block_frames(capacity))
        self._last = np.zeros((lanes, 0, self._depth), np.int64)  # numbers each stands at
        self._running = np.zeros((lanes, 0), np.bool_)  # within an episode
        self._need = np.zeros(2 * lanes, np.int64)
        self._nowhere = np.full((2 * lanes, 1), -1, np.int64)

    def store(
        self,
        stacks: Mapping[str, npt.NDArray[Any]],
        rows: Rows,
        ended: Bools,
        kept: Bools,
        apart: Bools,
        windows: Rows,
    ) -> None:
        """Writes the numbers of frames into rows that count, and stores what is new.

        Args:
            stacks: obs and next_obs, `[L, E, k, *frame]`.
            rows: `[L, E, words]`.
            ended: `[L, E]` where an episode ends.
            kept: `[L, E]` which rows count; elsewhere nothing changes, but an end.
            apart: `[L, E]` whose episode is held out.
            windows: rows `[..., words]` that are not in a ring yet.
        """
        last, running = self._last, self._running
        if rows.shape[1] != running.shape[1]:  # other environments: all start anew
            last = np.zeros((*rows.shape[:2], self._depth), np.int64)
            running = np.zeros(rows.shape[:2], np.bool_)
        octets = plain(stacks["obs"]).view(np.uint8), plain(stacks["next_obs"]).view(np.uint8)
        flags = tuple(plain(flag).reshape(kept.shape) for flag in (kept, ended, apart))
        into, ahead = (rows, self._places[0], octets, flags, (last, running)), self._nowhere
        pool = self.pool
        while not take(*into, pool.found, pool.streams, self._need, ahead):
            ahead = pool.reserve(self._need, self._in_use(windows))
        self._last, self._running = last, running

    def exchange(self, ring: Ring, rows: Rows, kept: Bools) -> None:
        """Counts what an append of these rows to a ring is about to bring in and push out."""
        counts, frames = self.pool.counts, self.pool.block_frames
        of = ring.rows, ring.capacity, ring.head
        exchange(counts, frames, *of, rows, kept, self._places)

    def read(self, packed: Rows, obs: npt.NDArray[Any], next_obs: npt.NDArray[Any]) -> None:
        """Writes the stacks `[..., k, *frame]` of packed rows `[..., words]`; padding is zeros."""
        flat, wide = packed.reshape(-1, packed.shape[-1]), (-1, self._nbytes)
        octets = (own.reshape(-1).view(np.uint8).reshape(wide) for own in (obs, next_obs))
        read(flat, self._places[0], self.pool.found, *octets)

    def state(self, windows: Rows, stored: bool = True) -> dict[str, npt.NDArray[Any]]:
        """All that changes, by name, with every block in use; the arrays themselves.

        Args:
            windows: as in `store`.
            stored: with the blocks; False where their place keeps them.
        """
        last = np.where(self._running[..., None], self._last, 0)
        own = {"last": last, "running": self._running, "blocks": np.array([len(self.pool.blocks)])}
        own |= {"current": self.pool.current, "filled": self.pool.filled}
        if not stored:
            return own
        used = np.flatnonzero(self.pool.used(self._in_use(windows)))
        return own | {f"{BLOCK}{index}": self.pool.blocks[index] for index in used}

    def check(self, state: Arrays, rows: Iterable[Rows], in_place: bool = False) -> None:
        """Refuses what `load` cannot take, and numbers that lead nowhere.

        Args:
            state: what `state` gave.
            rows: all that will be held, `[..., words]` each.
            in_place: the blocks lie in this place already.

        Raises:
            DataError: what does not fit.
        """
        known = known_blocks(state, self.pool, in_place)
        last, running = state["last"], state["running"]
        lanes, block_frames = len(self._last), self.pool.block_frames
        wanted = f"running [{lanes}, E], last [{lanes}, E, {self._depth}]"
        if last.shape != (*running.shape, self._depth) or running.shape[:1] != (lanes,):
            raise DataError("replay.frames", wanted, [running.shape, last.shape])
        standing = last[running.astype(bool)].reshape(-1, self._depth).astype(np.int64)
        found = bool(standing.all())
        for own, places in [(standing, (0, self._depth)), *((own, self._places) for own in rows)]:
            flat = np.ascontiguousarray(own).reshape(-1, own.shape[-1])
            found = found and bool(all_known(flat, known, block_frames, places))
        if not found:
            raise DataError("replay.frames", "numbers that lead to frames", "others")

    def load(self, state: Arrays, rings: Iterable[Ring]) -> None:
        """Takes a `state` that was checked; the rings already hold its rows."""
        self.pool.open(int(state["blocks"][0]))
        self._last, self._running = state["last"].astype(np.int64), state["running"].astype(bool)
        for index, block in enumerate(self.pool.blocks):
            if (own := state.get(f"{BLOCK}{index}")) is not None:
                block[:] = own
        self.pool.current[:], self.pool.filled[:] = state["current"], state["filled"]
        for ring in rings:
            of = ring.rows, ring.capacity, ring.head
            count(self.pool.counts, self.pool.block_frames, *of, self._places)

    def settle(self, windows: Rows) -> None:
        """See `Pool.settle`; `windows` as in `store`."""
        self.pool.settle(self._in_use(windows))

    def _in_use(self, windows: Rows) -> Rows:
        start, stop = self._places
        own = self._last[self._running], windows[..., start:stop]
        return np.concatenate([numbers.reshape(-1) for numbers in own])


def plain(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """One axis, contiguous and writable: kernels compile anew for each other kind."""
    return (array if array.flags.carray else array.copy()).reshape(-1)
