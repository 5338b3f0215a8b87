"""A run whose products are in bfloat16 learns.

What is asked for: the mean greedy return of two lanes, over the last two of five evaluations, of at
least 45. In seven pairs of seeds (from 100 up, every 200th) it was 69 to 106, the worst single
evaluation 58; a learner that has learned nothing stays below 12, and random play is at 22.
"""

from __future__ import annotations

import numpy as np
import pytest

from agents.dqn import DQN
from envs.cartpole import CartPole
from rlbatch.learner import LearnerSettings, PolyakTarget
from rlbatch.replay import Replay
from rlbatch.schedule import BatchPlan, Fixed
from rlbatch.train import Evaluation, Learn, Trainer, TrainSettings

SETTINGS = TrainSettings(
    seed=3000,
    seeds=2,
    env_steps=5000,
    learn=Learn(start=500, every=4),
    replay=Replay(capacity=5000, gamma=0.98),
    batch=BatchPlan(schedule=Fixed(rows=64)),
    learner=LearnerSettings(lr=2e-3, precision="bf16", target=PolyakTarget(tau=0.01)),
    evaluate=Evaluation(every=0.2, episodes=5, final_episodes=10),
    log_every=1.0,
)


@pytest.mark.learning
def test_bf16_learns_cartpole() -> None:
    trainer = Trainer(SETTINGS, DQN(hidden=(64,), double=True), CartPole, per_lane=4)
    curve = [
        np.mean([float(r.values["return"]) for r in moment])
        for moment in trainer.records()
        if moment[0].kind == "eval"
    ]
    assert len(curve) == 5
    assert np.mean(curve[-2:]) >= 45.0, f"returns: {np.round(curve, 1).tolist()}"
