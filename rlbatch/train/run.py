"""A run from its first record to its summary: sinks fed, checkpoints kept, folder completed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlbatch.contract import Sink
from rlbatch.errors import RlbatchError
from rlbatch.train.member import Member
from rlbatch.train.progress import Reporter
from rlbatch.train.summary import Status
from rlbatch.train.trainer import Trainer


def run(
    trainer: Trainer, folder: Path, regime: str, sinks: Sequence[Sink], reporter: Reporter
) -> dict[str, Any]:
    """Trains to the end, or to `trainer.stop()`; whatever happens, the folder is complete after.

    Returns:
        What summary.json says.
    """
    (summary,) = run_all(trainer, [Member(trainer, 0, folder, regime, sinks)], reporter)
    return summary


def run_all(
    trainer: Trainer, members: Sequence[Member], reporter: Reporter
) -> list[dict[str, Any]]:
    """The same for every member of a trainer's pack.

    Returns:
        What each summary.json says.
    """
    status: Status = "failed"
    every = trainer.settings.points(trainer.settings.checkpoint_every)
    kept = 0  # multiples of `every` that have a checkpoint
    try:
        for moment in trainer.records():
            for member in members:
                member.write(moment)
            reporter.write(moment)
            if (passed := trainer.lanes.now // every) > kept:
                kept = passed
                for member in members:
                    member.keep(f"step_{trainer.lanes.now}")
        status = "interrupted" if trainer.stopped else "finished"
    except KeyboardInterrupt:  # the second Ctrl-C: not even the step is finished
        status = "interrupted"
        raise
    finally:
        summaries = _completed(members, status)
    return summaries


def _completed(members: Sequence[Member], status: Status) -> list[dict[str, Any]]:
    """Completes all folders; what keeps one from it does not keep the others."""
    summaries, faults = [], list[Exception]()
    for member in members:
        try:
            summaries.append(member.complete(status))
        except (OSError, RlbatchError) as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
    return summaries
