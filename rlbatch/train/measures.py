"""All that is measured of every lane at a log point."""

from __future__ import annotations

from collections import ChainMap

from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.train.held_out import val_td
from rlbatch.train.signs import Signs, q_mean
from rlbatch.types import Batch


class Measures:
    """Reads every meter of a run.

    Args:
        learner: that learns.
        buffer: what it learns from.
        signs: measured around updates.
        episodes: of training.
        held_out: are episodes held out?
    """

    def __init__(
        self,
        learner: Learner,
        buffer: ReplayBuffer,
        signs: Signs,
        episodes: TrainingEpisodes,
        held_out: bool,
    ) -> None:
        self._learner, self._buffer, self._held_out = learner, buffer, held_out
        self._signs, self._episodes = signs, episodes

    def read(self, batch: Batch | None) -> list[dict[str, float]]:
        """One dict a lane, since the last reading; `batch` is the last."""
        parts = [
            self._learner.meters.read(),
            q_mean(self._learner, batch),
            self._signs.read(),
            self._episodes.read(),
        ]
        if self._learner.noise is not None:
            parts.append(self._learner.noise.read())
        if self._held_out:
            parts.append(val_td(self._learner, self._buffer))
        if self._buffer.accounts is not None:
            parts.append(self._buffer.accounts.read())
        return [dict(ChainMap(*own)) for own in zip(*parts, strict=True)]  # no name is in two
