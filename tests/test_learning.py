"""The main configuration solves CartPole.

What is asked for: of all evaluations in the last fifth of the run, over four lanes, at least three
quarters reach 475. (Nothing is evaluated before: evaluating does not touch training.) In ten groups
of four seeds (from 0, 100, 200, 1000 and 3000 up) the share was between 0.89 and 1; single
evaluations dip, so one of them would be a matter of luck. A learner that does not learn has a share
of 0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rlbatch.config import build, read
from rlbatch.train import Evaluator, Trainer

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "cartpole.yaml"


@pytest.mark.learning
def test_the_main_configuration_solves_cartpole() -> None:
    env = "env.plug=envs.cartpole:CartPole", "env.per_lane=8", "device=cpu"
    told = "seed=1000", "seeds=4", "log_every=0.02", "evaluate.every=1.0"
    experiment = build(read(CONFIG, [*env, *told]), "test")
    settings, played = experiment.train, experiment.train.evaluate
    trainer = Trainer(settings, experiment.agent, experiment.make_env, per_lane=experiment.per_lane)
    evaluator = Evaluator(
        experiment.make_env, 4, played.episodes, played.max_length, trainer.device
    )
    solved: list[bool] = []
    for record, *_ in trainer.records():
        if record.kind == "train" and record.env_step >= 0.8 * settings.env_steps:
            returns = evaluator.play(trainer.learner.values).returns.mean(1)
            solved += (returns >= 475.0).tolist()
    assert len(solved) >= 40
    assert np.mean(solved) >= 0.75, f"share of evaluations at 475 or more: {np.mean(solved):.2f}"
