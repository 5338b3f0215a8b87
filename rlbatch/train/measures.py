"""All that is measured of every lane at a log point."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Sequence

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
        runs: the lanes of each run, where there are several.
    """

    def __init__(
        self,
        learner: Learner,
        buffer: ReplayBuffer,
        signs: Signs,
        episodes: TrainingEpisodes,
        held_out: bool,
        runs: Sequence[slice] = (slice(None),),
    ) -> None:
        self._learner, self._buffer, self._held_out = learner, buffer, held_out
        self._signs, self._episodes, self._runs = signs, episodes, runs

    def read(self, batches: Sequence[Batch | None]) -> list[dict[str, float]]:
        """One dict a lane, since the last reading; `batches` are the last of each run."""
        parts = [
            self._learner.meters.read(),
            self._q_mean(batches),
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

    def _q_mean(self, batches: Sequence[Batch | None]) -> list[dict[str, float]]:
        """Each run's lanes by the last batch that any of them learned from."""
        told: dict[int, list[dict[str, float]]] = {}  # by the batch, most runs have the same one
        found: list[dict[str, float]] = []
        for batch, own in zip(batches, self._runs, strict=True):
            if id(batch) not in told:
                told[id(batch)] = q_mean(self._learner, batch)
            found += told[id(batch)][own]
        return found
