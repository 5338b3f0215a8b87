"""Returns of the episodes that training itself plays."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from rlbatch.types import Step

Ended = list[list[tuple[float, int]]]  # [L] return and length of each


class Reader:
    """Keeps what ended since its last reading."""

    def __init__(self, lanes: int) -> None:
        self.ended: Ended = [[] for _ in range(lanes)]

    def read(self, lanes: npt.NDArray[np.bool_] | None = None) -> list[dict[str, float]]:
        """Mean return and length of a lane's ended episodes (empty without any); starts anew.

        Args:
            lanes: `[L]` those that start anew, the others go on and tell nothing; None: all.
        """
        told: list[dict[str, float]] = [{} for _ in self.ended]
        for lane, ended in enumerate(self.ended):
            if ended and (lanes is None or lanes[lane]):
                means = np.mean(ended, axis=0).tolist()
                told[lane] = dict(zip(("return", "length"), means, strict=True))
                self.ended[lane] = []
        return told


class TrainingEpisodes:
    """Adds rewards up per environment, and tells its readers what has ended."""

    def __init__(self, lanes: int, per_lane: int) -> None:
        self._return = np.zeros((lanes, per_lane))
        self._length = np.zeros((lanes, per_lane), np.int64)
        self._own = Reader(lanes)
        self._readers = [self._own]

    def reader(self) -> Reader:
        """One more that is told, beside `read`."""
        self._readers.append(Reader(len(self._return)))
        return self._readers[-1]

    def add(self, step: Step) -> None:
        """Takes one step of all environments."""
        told = step.reward, step.terminated, step.truncated
        self.extend(*(column.numpy(force=True)[None] for column in told))

    def extend(
        self,
        reward: npt.NDArray[Any],
        terminated: npt.NDArray[np.bool_],
        truncated: npt.NDArray[np.bool_],
    ) -> None:
        """Takes T steps of all environments, `[T, L, E]` each."""
        told, sums = (reward, terminated, truncated), (self._return, self._length)
        done = -1
        while (done := _added(told, sums, done + 1)) >= 0:
            self._end(terminated[done] | truncated[done])

    def _end(self, ended: npt.NDArray[np.bool_]) -> None:
        for lane, env in np.argwhere(ended).tolist():
            told = float(self._return[lane, env]), int(self._length[lane, env])
            for reader in self._readers:
                reader.ended[lane].append(told)
        self._return[ended] = 0.0
        self._length[ended] = 0

    def read(self) -> list[dict[str, float]]:
        """Mean return and length of a lane's ended episodes (empty without any); starts anew."""
        return self._own.read()


@numba.njit(cache=True)
def _added(told: Any, sums: Any, start: Any) -> int:
    """Adds steps from `start` on; the first of them at which an episode ends, -1: none."""
    reward, terminated, truncated = told
    returns, lengths = sums
    steps, lanes, envs = reward.shape
    for t in range(start, steps):
        ended = False
        for lane in range(lanes):
            for e in range(envs):
                returns[lane, e] += reward[t, lane, e]
                lengths[lane, e] += 1
                ended |= terminated[t, lane, e] | truncated[t, lane, e]
        if ended:
            return t
    return -1
