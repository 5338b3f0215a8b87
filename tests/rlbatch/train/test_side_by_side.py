"""Rates of several runs at once are each run's own."""

from __future__ import annotations

import numpy as np

from rlbatch.learner import LearnerSettings, PolyakTarget
from rlbatch.schedule import BatchPlan, Fixed
from rlbatch.train import TrainSettings
from rlbatch.train.lanes import Lanes
from rlbatch.train.pack import Pack
from rlbatch.train.side_by_side import SideBySide
from rlbatch.train.sweep import Sweep


def test_a_run_that_sweeps_tau_keeps_its_own_beside_one_whose_tau_follows_b() -> None:
    learner = LearnerSettings(target=PolyakTarget(tau=0.5))
    swept = TrainSettings(seeds=1, learner=learner, lanes=Sweep(tau=(0.1, 0.2)))
    plan = BatchPlan(schedule=Fixed(rows=64), reference=32, target_lag="samples")
    follows = TrainSettings(seeds=1, learner=learner, batch=plan)
    pack = Pack((swept, follows))
    rates = SideBySide(pack, Lanes(pack.lane_seeds))
    rows = np.array([128, 128, 64])
    rates.of(rows, rows.astype(np.float64))
    assert rates.constants is not None
    assert np.allclose(np.asarray(rates.constants.tau), [0.1, 0.2, 0.75])  # 1 − (1 − τ)²
