"""Returns of the episodes that training itself plays."""

from __future__ import annotations

import numpy as np

from rlbatch.types import Step


class TrainingEpisodes:
    """Adds rewards up per environment, and keeps what ended since the last reading."""

    def __init__(self, lanes: int, per_lane: int) -> None:
        self._return = np.zeros((lanes, per_lane))
        self._length = np.zeros((lanes, per_lane), np.int64)
        self._ended: list[list[tuple[float, int]]] = [[] for _ in range(lanes)]

    def add(self, step: Step) -> None:
        """Takes one step of all environments."""
        self._return += step.reward.numpy(force=True)
        self._length += 1
        ended = (step.terminated | step.truncated).numpy(force=True)
        if ended.any():
            for lane, env in np.argwhere(ended):
                told = float(self._return[lane, env]), int(self._length[lane, env])
                self._ended[lane].append(told)
            self._return[ended] = 0.0
            self._length[ended] = 0

    def read(self) -> list[dict[str, float]]:
        """Mean return and length of a lane's ended episodes (empty without any); starts anew."""
        told = []
        for ended in self._ended:
            means = np.mean(ended, axis=0).tolist() if ended else []
            told.append(dict(zip(("return", "length"), means, strict=False)))
        self._ended = [[] for _ in self._ended]
        return told
