"""Inner signs of a learner that do not depend on what B is: policy churn, and fresh against old.

    churn            share of the probe states whose greedy action one update changes
    td_recent_gap    mean |δ| of the newest rows − mean |δ| of rows drawn uniformly, 256 each

Policy churn: Schaul et al. 2022, https://arxiv.org/abs/2206.00730. Both are measured once between
two log points; nothing is learned from the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
from rlbatch.types import Batch

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


class Signs:
    """Measures at each lane's first update after each reading.

    Args:
        learner: whose policy it is.
        buffer: what it learns from.
        probe: observations `[N, *obs]`, the same in every regime; None: no churn.

    Raises:
        ConfigError: a probe of no states, or of states of another shape.
    """

    def __init__(self, learner: Learner, buffer: ReplayBuffer, probe: Tensor | None) -> None:
        self._learner, self._buffer = learner, buffer
        lanes = len(learner.seeds)
        shape = buffer.obs_space.shape
        if probe is not None:
            fits = len(probe) >= 1 and tuple(probe.shape[1:]) == shape
            require(fits, "probe", f"states of shape {shape}", f"a tensor {[*probe.shape]}")
        self._probe = None if probe is None else _to_lanes(probe, lanes, learner.device)
        self._churn = np.full(lanes, np.nan)  # nan: not measured since the last reading
        self._waiting = np.full(lanes, probe is not None)  # a lane that rests waits its turn
        self._gone = np.zeros(lanes, np.bool_)  # has no next update to wait for

    @contextmanager
    def around_update(self) -> Iterator[None]:
        """Wraps an update."""
        if self._probe is None or not self._waiting.any():
            yield
            return
        before, updates = self._greedy(self._probe), self._learner.updates.copy()
        yield
        changed = (self._greedy(self._probe) != before).float().mean(1).numpy(force=True)
        fresh = self._waiting & (self._learner.updates > updates)
        self._churn[fresh] = changed[fresh]
        self._waiting &= ~fresh

    def read(self) -> list[dict[str, float]]:
        """One dict a lane, and starts anew."""
        told: list[dict[str, float]] = [{} for _ in self._learner.seeds]
        for own, value in zip(told, self._churn.tolist(), strict=True):
            if not np.isnan(value):
                own["churn"] = value
        self._churn[:] = np.nan
        if self._probe is not None:
            self._waiting = ~self._gone
        if self._learner.updates.any():
            for own, value in zip(told, self._gap().tolist(), strict=True):
                own["td_recent_gap"] = value
        return told

    def leave(self, lanes: npt.NDArray[np.bool_]) -> None:
        """These lanes `[L]` are out of the run."""
        self._gone |= lanes
        self._waiting &= ~lanes

    def _gap(self) -> Tensor:
        uniform = self._buffer.peek(ROWS, beside(self._learner))
        return self._learner.td_error(self._buffer.newest(ROWS)) - self._learner.td_error(uniform)

    def _greedy(self, probe: Tensor) -> Tensor:
        return torch.argmax(self._learner.values(probe), -1)


def beside(learner: Learner) -> npt.NDArray[np.int64]:
    """Counters `[L]` of draws to measure on, which are those of no update."""
    return draw_counter(learner.updates, UPDATES_PER_STEP - 1)


def _to_lanes(probe: Tensor, lanes: int, device: torch.device) -> Tensor:
    return probe.to(device).expand(lanes, *probe.shape).contiguous()


def q_mean(learner: Learner, batch: Batch | None) -> list[dict[str, float]]:
    """Mean over a batch's own rows of max_a Q, a dict a lane; empty without a batch."""
    if batch is None:
        return [{} for _ in learner.seeds]
    best = learner.values(batch.obs).amax(-1) * (batch.row >= 0)
    means = best.sum(1) / batch.size.clamp(min=1)
    return [{"q_mean": mean} for mean in means.tolist()]
