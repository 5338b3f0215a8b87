"""A run of a trainer that may train others beside it: its folder fed, and completed at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from rlbatch.contract import Sink
from rlbatch.train import checkpoint
from rlbatch.train.folder import write_json
from rlbatch.train.records import Moment
from rlbatch.train.summary import Status, summarise
from rlbatch.train.trainer import Trainer


class Member:
    """Its lanes are numbered from 0 in all that is written.

    Args:
        trainer: what trains it.
        run: which member of the trainer's pack.
        folder: claimed and described.
        regime: name of the config.
        sinks: fed with its records, closed at the end.
    """

    def __init__(
        self, trainer: Trainer, run: int, folder: Path, regime: str, sinks: Sequence[Sink]
    ) -> None:
        self._trainer, self._run, self._own = trainer, run, trainer.pack.own[run]
        self._folder, self.regime, self._sinks = folder, regime, sinks
        self._alone = len(trainer.pack.members) == 1
        self._evaluated: Moment = []

    @property
    def lost(self) -> bool:
        """Have all its lanes diverged? Then it has ended, whatever the others do."""
        return bool(self._trainer.lanes.diverged[self._own].all())

    def write(self, moment: Moment) -> None:
        """Takes what lanes of all members tell."""
        mine = moment if self._alone else self._mine(moment)
        if not mine or (mine[0].kind == "eval" and self.lost):
            return
        for sink in self._sinks:
            sink.write(mine)
        if mine[0].kind == "eval":
            self._evaluated = mine

    def keep(self, name: str) -> None:
        """A checkpoint of its parameters now."""
        if not self.lost:
            self._keep(name, self._trainer.learner.online.state)

    def complete(self, status: Status) -> dict[str, Any]:
        """Completes the folder; returns what summary.json says."""
        trainer = self._trainer
        for sink in self._sinks:
            sink.close()
        self._keep("final", trainer.learner.online.state)
        self._keep("best", trainer.best.state, now=False)
        if trainer.feedback is not None and trainer.feedback.throughput:
            write_json(self._folder / "throughput.json", trainer.feedback.throughput)
        ended: Status = "failed" if self.lost else status
        summary = summarise(trainer, self.regime, ended, self._evaluated, self._run)
        write_json(self._folder / "summary.json", summary)
        return summary

    def _mine(self, moment: Moment) -> Moment:
        first, end = self._own.start, self._own.stop
        return [
            record._replace(lane=record.lane - first)
            for record in moment
            if first <= record.lane < end
        ]

    def _keep(self, name: str, state: Tensor, now: bool = True) -> None:
        """Parameters and statistics, and beside those of now what controllers remember now."""
        trainer = self._trainer
        meta = {
            "env_step": trainer.lanes.now,
            "best_return": _finite(trainer.best.returns[self._own]),
            "controls": trainer.controls_state(self._run) if now else None,
        }
        checkpoint.save(self._folder, name, trainer.learner, state, meta, self._own)


def _finite(returns: Any) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in returns]
