"""The first part of the config's own run, after which everything is measured."""

from __future__ import annotations

import dataclasses
import time

from rlbatch.errors import RlbatchError, TrainingError, require
from rlbatch.probe.built import Built
from rlbatch.probe.settings import ProbeSettings
from rlbatch.train import Trainer, TrainSettings

EARLY = 0.05  # share of env_steps
UPDATES = 256  # at the least, where the run has room for them
LOOK_EVERY = 500  # env steps between looks at the clock, at the most


def first_part(train: TrainSettings) -> int:
    """Env steps until 5 % of the run, or 256 updates if they come later."""
    learn = train.learn
    updates = -(-UPDATES // learn.count) * learn.every
    return min(train.env_steps, max(learn.start + updates, round(EARLY * train.env_steps)))


def warmed(built: Built, settings: ProbeSettings) -> Trainer:
    """A trainer after the first part of its run, or as far as the time goes.

    Raises:
        ConfigError: more env steps than the run has; spaces that the agent cannot take.
        TrainingError: an agent or environment that fails, or no row within the time.
    """
    steps = settings.env_steps or first_part(built.train)
    most = built.train.env_steps
    require(steps <= most, "--env-steps", f"at most env_steps ({most})", steps)
    try:
        trainer = Trainer(
            _unhindered(built.train, steps),
            built.agent,
            built.make_env,
            per_lane=built.per_lane,
            device=built.device,
        )
        _train(trainer, steps, settings.share("warm"))
    except RlbatchError:
        raise
    except Exception as failed:  # of somebody's agent or environment, whatever it may be
        told = " ".join(f"{type(failed).__name__}: {failed}".split())
        advice = "rlbatch train --debug shows where."
        raise TrainingError("probe", "a config that trains", told, advice) from failed
    if not trainer.buffer.stored().all():
        told = f"none in {settings.share('warm'):.0f} s"
        raise TrainingError("probe", "a stored row in every lane", told, "Raise --seconds.")
    return trainer


def _unhindered(train: TrainSettings, steps: int) -> TrainSettings:
    """The same run without evaluations and early stops, that looks up often enough."""
    look = max(1, min(steps // 20, LOOK_EVERY))
    return dataclasses.replace(
        train,
        stop=None,
        log_every=min(1.0, look / train.env_steps),
        evaluate=dataclasses.replace(train.evaluate, every=1.0),
    )


def _train(trainer: Trainer, steps: int, seconds: float) -> None:
    began = time.perf_counter()
    for _ in trainer.records():
        if trainer.lanes.now >= steps or time.perf_counter() - began > seconds:
            return
