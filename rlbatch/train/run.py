"""A run from its first record to its summary: sinks fed, checkpoints kept, folder completed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rlbatch.contract import Sink
from rlbatch.metrics import iqm
from rlbatch.train import checkpoint
from rlbatch.train.folder import write_json
from rlbatch.train.progress import Reporter
from rlbatch.train.trainer import Moment, Trainer

Status = Literal["finished", "interrupted", "failed"]


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
                _keep(trainer, folder, f"step_{trainer.lanes.now}", trainer.learner.online.flat)
        status = "interrupted" if trainer.stopped else "finished"
    finally:
        _keep(trainer, folder, "final", trainer.learner.online.flat)
        _keep(trainer, folder, "best", trainer.best.flat)
        for sink in sinks:
            sink.close()
        summary = _summary(trainer, regime, status, evaluated)
        write_json(folder / "summary.json", summary)
    return summary


def _keep(trainer: Trainer, folder: Path, name: str, flat: Any) -> None:
    meta = {"env_step": trainer.lanes.now, "best_return": _finite(trainer.best.returns)}
    checkpoint.save(folder, name, trainer.learner, flat, meta)


def _summary(trainer: Trainer, regime: str, status: Status, evaluated: Moment) -> dict[str, Any]:
    lanes = trainer.lanes
    train_s = lanes.wall_s - trainer.evaluation_s
    return {
        "regime": regime,
        "status": status,
        "lanes": len(lanes.seeds),
        "seeds": lanes.seeds,
        "env_steps": lanes.now,  # of each lane that did not diverge
        "updates": int(trainer.learner.updates.max()),
        "samples": int(lanes.samples.max()),
        "diverged": [s for s, on in zip(lanes.seeds, lanes.active, strict=True) if not on],
        "wall_s": round(lanes.wall_s, 3),
        "evaluation_s": round(trainer.evaluation_s, 3),
        "env_steps_per_s": round(float(lanes.env_step.sum()) / max(train_s, 1e-9), 1),
        "eval": _scores(evaluated),
    }


def _scores(evaluated: Moment) -> dict[str, Any]:
    """The last evaluation: a mean return a seed, and what they come to."""
    lanes: dict[int, list[float]] = {}
    for record in evaluated:
        lanes.setdefault(record.seed, []).append(float(record.values["return"]))
    means = {seed: float(np.mean(own)) for seed, own in lanes.items()}
    if not means:
        return {"env_step": None, "return_iqm": None, "return_mean": None, "per_seed": []}
    return {
        "env_step": evaluated[0].env_step,
        "episodes": len(evaluated) // len(means),
        "return_iqm": float(iqm(list(means.values()))),
        "return_mean": float(np.mean(list(means.values()))),
        "per_seed": [{"seed": seed, "return": mean} for seed, mean in means.items()],
    }


def _finite(returns: Any) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in returns]
