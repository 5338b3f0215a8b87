"""What follows B: the learning rate and its warm-up, Adam's constants, the target's lag."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rlbatch.learner import (
    AdamSettings,
    AdamWSettings,
    HardTarget,
    LAMBSettings,
    LearnerSettings,
    OptimizerSettings,
    PolyakTarget,
    RMSPropSettings,
    SGDSettings,
)
from rlbatch.schedule import BatchPlan
from rlbatch.train import Learn, Sweep, TrainSettings
from rlbatch.train.lanes import Lanes
from rlbatch.train.rates import Rates

ADAM = AdamSettings(beta1=0.9, beta2=0.99, eps=1e-8)
ROWS = np.array([100, 400])


def rates(
    learner: LearnerSettings | None = None, learn: Learn | None = None, **told: Any
) -> tuple[Rates, Lanes]:
    """Two lanes with lr 0.5 at 100 rows."""
    sweep = told.pop("lanes", Sweep())
    settings = TrainSettings(
        seeds=2,
        lanes=sweep,
        learn=learn or Learn(start=20, every=2),
        learner=learner or LearnerSettings(lr=0.5, optimizer=ADAM),
        batch=BatchPlan(reference=100, **told),
    )
    lanes = Lanes(settings.lane_seeds)
    return Rates(settings, lanes), lanes


def of(found: Rates, *rows: int) -> list[float]:
    """The learning rates of lanes with these rows, which the coupling goes by too."""
    lr = found.of(np.array(rows), np.array(rows, np.float64))
    spread: list[float] = np.broadcast_to(lr, len(rows)).tolist()
    return spread


def test_declared_constants_stay_declared() -> None:
    found, lanes = rates()
    lanes.advance(30)
    assert found.of(400, 400.0) == 0.5
    assert found.constants is None
    assert found.clock == 30
    assert not found.by_power.any()


@pytest.mark.parametrize(
    ("coupling", "factor"), [("linear", 4.0), ("sqrt", 2.0), ("inverse", 0.25), ("sde", 2.0)]
)
def test_each_lanes_rate_follows_its_own_rows(coupling: Any, factor: float) -> None:
    found, _ = rates(coupling=coupling)
    assert of(found, 100, 400) == [0.5, 0.5 * factor]
    assert found.of(400, 400.0) == 0.5 * factor
    assert of(found, 400, 100) == [0.5 * factor, 0.5]


def test_the_rate_goes_by_the_rows_followed_and_not_by_those_in_use() -> None:
    found, _ = rates(coupling="linear")
    assert found.of(400, 200.0) == 1.0


def test_a_lane_without_rows_has_the_declared_rate() -> None:
    found, _ = rates(coupling="linear")
    assert of(found, 0, 400) == [0.5, 2.0]


def test_swept_rates_are_coupled_each() -> None:
    found, _ = rates(coupling="linear", lanes=Sweep(lr=(0.2, 0.4)))
    assert np.asarray(found.of(200, 200.0)).tolist() == [0.4, 0.4, 0.8, 0.8]


def test_sde_gives_adam_its_constants_lane_by_lane() -> None:
    """κ = 1 and 4: 1 − β₁ from 0.1 to 0.4, 1 − β₂ from 0.01 to 0.04, ε halved."""
    found, _ = rates(coupling="sde")
    of(found, 100, 400)
    beta1, beta2, eps, tau = found.constants or (None,) * 4
    assert beta1 == pytest.approx(np.array([0.9, 0.6]))
    assert beta2 == pytest.approx(np.array([0.99, 0.96]))
    assert eps == pytest.approx(np.array([1e-8, 5e-9]))
    assert tau is None
    assert not found.by_power.any()


@pytest.mark.parametrize(
    "optimizer",
    [AdamWSettings(beta2=0.99, eps=1e-8), LAMBSettings(beta2=0.99, eps=1e-8)],
)
def test_sde_gives_adams_kin_the_same(optimizer: OptimizerSettings) -> None:
    found, _ = rates(LearnerSettings(optimizer=optimizer), coupling="sde")
    of(found, 100, 400)
    beta1, beta2, eps, _ = found.constants or (None,) * 4
    assert beta1 == pytest.approx(np.array([0.9, 0.6]))
    assert beta2 == pytest.approx(np.array([0.99, 0.96]))
    assert eps == pytest.approx(np.array([1e-8, 5e-9]))


def test_sde_gives_rmsprop_its_alpha_for_both_averages_and_its_epsilon() -> None:
    optimizer = RMSPropSettings(alpha=0.9, eps=0.01)
    found, _ = rates(LearnerSettings(lr=0.5, optimizer=optimizer), coupling="sde")
    assert of(found, 100, 400) == [0.5, 1.0]
    beta1, beta2, eps, _ = found.constants or (None,) * 4
    assert beta1 == pytest.approx(np.array([0.9, 0.6]))
    assert beta2 == pytest.approx(np.array([0.9, 0.6]))
    assert eps == pytest.approx(np.array([0.01, 0.005]))
    assert not found.by_power.any()


def test_where_sde_has_no_answer_the_power_is_noted_for_that_lane_and_stays_noted() -> None:
    found, _ = rates(coupling="sde")
    of(found, 100, 1000)  # κ (1 − β₁) = 1
    assert found.by_power.tolist() == [False, True]
    assert found.constants is not None
    assert found.constants.beta1 == pytest.approx(np.array([0.9, 0.9**10]))
    of(found, 100, 100)
    assert found.by_power.tolist() == [False, True]


def test_other_rules_and_sgd_leave_adams_constants_alone() -> None:
    for found, _ in (
        rates(coupling="sqrt"),
        rates(LearnerSettings(optimizer=SGDSettings()), coupling="linear"),
    ):
        of(found, 100, 400)
        assert found.constants is None


def test_a_polyak_target_lags_as_many_rows_at_any_size() -> None:
    """κ = 1, 2 and ½: 1 − 0.8² = 0.36, 1 − √0.8."""
    learner = LearnerSettings(target=PolyakTarget(tau=0.2))
    found, _ = rates(learner, target_lag="samples")
    of(found, 100, 200)
    assert found.constants is not None
    assert found.constants.tau == pytest.approx(np.array([0.2, 0.36]))
    assert found.constants[:3] == (None,) * 3
    found.of(50, 50.0)
    assert found.constants.tau == pytest.approx(np.full(2, 1.0 - 0.8**0.5))


def test_a_target_lags_by_the_rows_in_use_whatever_the_rate_follows() -> None:
    found, _ = rates(
        LearnerSettings(target=PolyakTarget(tau=0.2)), target_lag="samples", coupling="linear"
    )
    found.of(200, 100.0)
    assert found.constants is not None
    assert found.constants.tau == pytest.approx(np.full(2, 0.36))


def test_the_same_rows_followed_otherwise_are_not_mistaken() -> None:
    found, _ = rates(coupling="sde")
    assert [found.of(200, rows) for rows in (100.0, 400.0, 100.0)] == [0.5, 1.0, 0.5]


def test_swept_taus_are_converted_each() -> None:
    learner = LearnerSettings(target=PolyakTarget(tau=0.2))
    found, _ = rates(learner, target_lag="samples", lanes=Sweep(tau=(0.2, 0.5)))
    found.of(200, 200.0)
    assert found.constants is not None
    assert found.constants.tau == pytest.approx(np.array([0.36, 0.36, 0.75, 0.75]))


@pytest.mark.parametrize(("start", "count"), [(20, 1), (20, 3), (19, 1), (19, 3)])
def test_a_hard_targets_clock_at_the_reference_is_that_of_env_steps(start: int, count: int) -> None:
    found, lanes = rates(target_lag="samples", learn=Learn(start=start, every=2, count=count))
    for env_step in range(20, 60, 2):
        assert np.asarray(found.clock).tolist() == [env_step] * 2
        lanes.samples += 100 * count


def test_a_hard_targets_clock_runs_as_rows_are_drawn() -> None:
    """50 rows are due an env step; lane 1 draws four times as many."""
    found, lanes = rates(target_lag="samples")
    lanes.samples[:] = [1000, 4000]
    assert np.asarray(found.clock).tolist() == [20 + 20, 20 + 80]
    assert found.constants is None


def test_without_a_polyak_target_there_is_no_tau() -> None:
    found, _ = rates(LearnerSettings(target=HardTarget(period=10)), target_lag="samples")
    found.of(400, 400.0)
    assert found.constants is None


def test_the_rate_warms_up_in_a_straight_line_over_the_rows_told() -> None:
    found, lanes = rates(coupling="linear", warmup=400)
    assert of(found, 100, 100) == [0.5, 0.5]
    lanes.samples += 100
    seen = []
    for _ in range(6):  # lane 1 jumps to four times the size, after 100 rows
        seen.append(of(found, 100, 400))
        lanes.samples += 100
    assert [own for own, _ in seen] == [0.5] * 6
    assert [own for _, own in seen] == pytest.approx([0.5, 0.875, 1.25, 1.625, 2.0, 2.0])


def test_the_first_size_is_no_jump() -> None:
    found, lanes = rates(coupling="linear", warmup=400)
    assert of(found, 400, 100) == [2.0, 0.5]
    assert of(found, 200, 400) == [1.0, 2.0]  # decided anew before any row was drawn
    lanes.samples += 10
    assert of(found, 200, 400) == [1.0, 2.0]


def test_asking_twice_does_not_warm_up_twice() -> None:
    found, lanes = rates(coupling="linear", warmup=400)
    of(found, 100, 100)
    lanes.samples += 100
    assert [of(found, 100, 400) for _ in range(3)] == [[0.5, 0.5]] * 3
