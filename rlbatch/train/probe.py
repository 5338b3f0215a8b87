"""The states on which a policy's changes are seen, the same whatever the regime is.

They come from a file, or are the rows that uniform draws give when the first update is due: until
then all regimes of a seed have acted alike.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rlbatch import files
from rlbatch.errors import FileError, require
from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.seeding import UPDATES_PER_STEP, draw_counter

ROWS = 256


def read_probe(path: str | None) -> Tensor | None:
    """The observations `[N, *obs]` of a probe file, None where none is named.

    Raises:
        FileError: missing, altered, or no file of states.
    """
    if path is None:
        return None
    tensors, _ = files.load_tensors(Path(path))
    if "obs" not in tensors:
        raise FileError(path, "a file of probe states", "another tensor file")
    return tensors["obs"]


class Probe:
    """Probe states of every lane, and what its policy does there.

    Args:
        learner: whose policy it is.
        buffer: where states are taken from.
        states: observations `[N, *obs]` for all lanes; None: each lane's own, from the buffer.

    Raises:
        ConfigError: no states, or states of another shape.
    """

    def __init__(self, learner: Learner, buffer: ReplayBuffer, states: Tensor | None) -> None:
        self._learner, self._buffer = learner, buffer
        shape = buffer.obs_space.shape
        if states is not None:
            fits = len(states) >= 1 and tuple(states.shape[1:]) == shape
            require(fits, "probe", f"states of shape {shape}", f"a tensor {[*states.shape]}")
            states = states.to(learner.device).expand(learner.lanes, *states.shape).contiguous()
        self._states = states  # [L, N, *obs]

    @property
    def ready(self) -> bool:
        """Are there states?"""
        return self._states is not None

    def take(self) -> None:
        """Takes states from the buffer, where there are none yet and every lane has rows."""
        if self._states is None and bool((self._buffer.stored() > 0).all()):
            counters = draw_counter(np.zeros(self._learner.lanes, np.int64), UPDATES_PER_STEP - 2)
            drawn = self._buffer.peek(ROWS, counters)
            self._states = drawn.obs.clone(memory_format=torch.contiguous_format)

    def greedy(self) -> Tensor:
        """The greedy action in every state `[L, N]`; `ready` comes first."""
        assert self._states is not None
        return torch.argmax(self._learner.values(self._states), -1)


def beside(learner: Learner) -> npt.NDArray[np.int64]:
    """Counters `[L]` of draws to measure on, which are those of no update."""
    return draw_counter(learner.updates, UPDATES_PER_STEP - 1)
