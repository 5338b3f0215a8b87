"""What a run came to: summary.json, and the table a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from rich.table import Table

from rlbatch.metrics import iqm
from rlbatch.train.lanes import Lanes
from rlbatch.train.records import Moment
from rlbatch.train.settings import TrainSettings
from rlbatch.train.trainer import Trainer

Status = Literal["finished", "interrupted", "failed"]


def summarise(
    trainer: Trainer, regime: str, status: Status, evaluated: Moment, run: int = 0
) -> dict[str, Any]:
    """What summary.json says of a run.

    Args:
        trainer: at the end.
        regime: name of the config.
        status: how the run ended.
        evaluated: the records of its last evaluation.
        run: which of the trainer's.
    """
    lanes, own = trainer.lanes, trainer.pack.own[run]
    settings, seeds, diverged = trainer.pack.members[run], lanes.seeds[own], lanes.diverged[own]
    train_s = max(lanes.wall_s - trainer.evaluation_s, 1e-9)
    return {
        "regime": regime,
        "status": status,
        "lanes": len(seeds),
        "seeds": seeds,
        "arms": [arm.values for arm in settings.arms()],  # lanes of one come together
        "env_steps": int(lanes.env_step[own].max()),  # of each lane that did not stop before
        "updates": int(trainer.learner.updates[own].max()),
        "samples": int(lanes.samples[own].max()),
        "diverged": [s for s, gone in zip(seeds, diverged, strict=True) if gone],
        "diverged_lanes": np.flatnonzero(diverged).tolist(),
        "stopped_early": _stopped_early(lanes, own),
        "nan_signals": trainer.nan_signals(run),  # decisions of each lane that a NaN made hold
        "wall_s": round(lanes.wall_s, 3),
        "evaluation_s": round(trainer.evaluation_s, 3),
        "env_steps_per_s": round(float(lanes.env_step[own].sum()) / train_s, 1),  # of all lanes
        "eval": _scores(evaluated, settings),
    }


def _stopped_early(lanes: Lanes, own: slice) -> list[dict[str, int]]:
    """Who, and when: a sweep has several lanes of one seed."""
    return [
        {"lane": lane, "seed": lanes.seeds[own][lane], "env_step": int(lanes.env_step[own][lane])}
        for lane in np.flatnonzero(lanes.stopped_early[own]).tolist()
    ]


def seed_table(title: str, episodes: int, means: Mapping[str, float]) -> Table:
    """Every seed's mean return, the worst first."""
    table = Table(title=title, title_justify="left")
    table.add_column("seed", justify="right")
    table.add_column(f"mean return of {episodes} episodes", justify="right")
    for seed, mean in sorted(means.items(), key=lambda item: item[1]):
        table.add_row(seed, f"{mean:.1f}")
    return table


def _scores(evaluated: Moment, settings: TrainSettings) -> dict[str, Any]:
    """The last evaluation: a mean return a lane, and what they come to."""
    lanes: dict[int, list[float]] = {}
    for record in evaluated:
        lanes.setdefault(record.lane, []).append(float(record.values["return"]))
    means = {lane: float(np.mean(own)) for lane, own in lanes.items()}
    if not means:
        return {"env_step": None, "return_iqm": None, "return_mean": None, "per_seed": []}
    seeds, arms = settings.lane_seeds, [arm.name for arm in settings.lane_arms]
    told = {
        "env_step": max(record.env_step for record in evaluated),
        "episodes": len(evaluated) // len(means),
        **_over(list(means.values())),
        "per_seed": [
            {"seed": seeds[lane], "return": mean} | ({"arm": arms[lane]} if arms[lane] else {})
            for lane, mean in means.items()
        ],
    }
    if len(set(arms)) > 1:
        told["arms"] = [
            {"arm": arm, **_over([m for lane, m in means.items() if arms[lane] == arm])}
            for arm in dict.fromkeys(arms)
        ]
    return told


def _over(means: list[float]) -> dict[str, float]:
    return {"return_iqm": float(iqm(means)), "return_mean": float(np.mean(means))}
