"""A run from its first record to its summary: sinks fed, checkpoints kept, folder completed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rlbatch.contract import Sink
from rlbatch.train import checkpoint
from rlbatch.train.folder import write_json
from rlbatch.train.progress import Reporter
from rlbatch.train.records import Moment
from rlbatch.train.summary import Status, summarise
from rlbatch.train.trainer import Trainer


def run(
    trainer: Trainer, folder: Path, regime: str, sinks: Sequence[Sink], reporter: Reporter
) -> dict[str, Any]:
    """Trains to the end, or to `trainer.stop()`; whatever happens, the folder is complete after.

    Returns:
        What summary.json says.
    """
    evaluated: Moment = []
    status: Status = "failed"
    every = trainer.settings.points(trainer.settings.checkpoint_every)
    kept = 0  # multiples of `every` that have a checkpoint
    try:
        for moment in trainer.records():
            for sink in sinks:
                sink.write(moment)
            reporter.write(moment)
            evaluated = moment if moment[0].kind == "eval" else evaluated
            if (passed := trainer.lanes.now // every) > kept:
                kept = passed
                _keep(trainer, folder, f"step_{trainer.lanes.now}", trainer.learner.online.state)
        status = "interrupted" if trainer.stopped else "finished"
    except KeyboardInterrupt:  # the second Ctrl-C: not even the step is finished
        status = "interrupted"
        raise
    finally:
        _keep(trainer, folder, "final", trainer.learner.online.state)
        _keep(trainer, folder, "best", trainer.best.state, now=False)
        for sink in sinks:
            sink.close()
        if trainer.feedback is not None and trainer.feedback.throughput:
            write_json(folder / "throughput.json", trainer.feedback.throughput)
        summary = summarise(trainer, regime, status, evaluated)
        write_json(folder / "summary.json", summary)
    return summary


def _keep(trainer: Trainer, folder: Path, name: str, state: Any, now: bool = True) -> None:
    """Parameters with their statistics, and beside those of now what controllers remember now."""
    meta = {
        "env_step": trainer.lanes.now,
        "best_return": _finite(trainer.best.returns),
        "controls": trainer.controls_state() if now else None,
    }
    checkpoint.save(folder, name, trainer.learner, state, meta)


def _finite(returns: Any) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in returns]
