"""The end of episodes that nobody ended."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rlbatch.replay.buffer import ReplayBuffer
from rlbatch.replay.exchange.held import numbered
from rlbatch.replay.rows.tree import leaves, nest

Bools = npt.NDArray[np.bool_]


def end_episodes(buffer: ReplayBuffer) -> None:
    """Ends all episodes that are running, as truncated; no row is lost, and none crosses the seam.

    For a loop that resets its environments without an end that the buffer saw: it was killed, or
    is to evaluate, or goes on with another number of them. Windows of n steps that are open close
    as they do at a time limit, k transitions long with discount γᵏ. The next `add` begins episodes.
    Where none runs, nothing is done.

    Args:
        buffer: whose episodes, in all lanes.

    Raises:
        FileError: a flush to `path` is due and there is no room for it; nothing is changed.
    """
    ended = _running(buffer)
    if not ended.any():
        return
    lead = ended.shape if buffer.lanes is not None else ended.shape[1:]
    space, none, zeros = buffer.obs_space, np.zeros(lead, np.bool_), np.zeros(lead, np.int64)
    obs = nest(space, (np.zeros((*lead, *leaf.shape), leaf.dtype) for leaf in leaves(space)))
    # A step that counts nowhere, and so adds nothing but the end.
    buffer.add(obs, zeros, zeros, obs, none, ended.reshape(lead), none)


def _running(buffer: ReplayBuffer) -> Bools:
    """Which environments `[L, E]` are within an episode, of which rows are held or windows open."""
    memory = buffer._memory
    if memory.n_step.steps > 1:
        open_windows: Bools = np.asarray(memory.n_step.state()["count"], np.int64) > 0
        return open_windows
    running, _ = memory.episodes.counts
    rings = [memory.ring] if memory.held_out is None else [memory.ring, memory.held_out]
    within = np.zeros(running.shape, np.bool_)
    for lane, own in enumerate(running.astype(np.int32)):
        for ring in rings:
            within[lane] |= np.isin(own, numbered(buffer, ring, lane)[1])
    return within
