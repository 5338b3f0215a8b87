"""What goes with B in a run whose batch size climbs: learning rate, Adam's constants, target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from rlbatch.contract import Memory
from rlbatch.learner import AdamSettings, HardTarget, LearnerSettings, PolyakTarget
from rlbatch.schedule import BatchPlan, Control
from rlbatch.train import Trainer
from rlbatch.types import Signal

MakeTrainer = Callable[..., Trainer]


@dataclass(frozen=True)
class Climbing:
    """Four rows at first, and twice the rows of before at every decision."""

    low: int = 4
    high: int = 32
    signals: ClassVar[tuple[str, ...]] = ()

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        wanted = min(2.0 * memory.get("wanted", 2.0), 32.0)
        return wanted, {"wanted": wanted}


def trainer_of(make: MakeTrainer, learner: LearnerSettings, plan: Any, **told: Any) -> Trainer:
    """Two lanes on CartPole of 41 updates, 4 of each size until 32 is reached."""
    control = Control(every=4, rate=np.inf)
    batch = BatchPlan(schedule=Climbing(), control=control, reference=4, **plan)
    return make(**({"batch": batch, "learner": learner, "log_every": 0.1} | told))


def told_to_updates(trainer: Trainer, monkeypatch: pytest.MonkeyPatch, name: str) -> list[Any]:
    """What every update is told under this name."""
    told: list[Any] = []
    update = trainer.learner.update

    def noted(*own: Any, **named: Any) -> Any:
        told.append(named[name])
        return update(*own, **named)

    monkeypatch.setattr(trainer.learner, "update", noted)
    list(trainer.records())
    return told


def test_the_learning_rate_warms_up_over_the_rows_told_after_a_jump(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4 rows for four updates, then 8, 16 and 32; each jump takes 32 rows to arrive."""
    plan = {"coupling": "linear", "warmup": 32}
    trainer = trainer_of(make_trainer, LearnerSettings(lr=1.0), plan, seeds=1)
    told = told_to_updates(trainer, monkeypatch, "lr")
    rates = [float(np.asarray(lr).item()) for lr in told]
    assert rates[:4] == [1.0] * 4
    assert rates[4:8] == pytest.approx([1.0, 1.25, 1.5, 1.75])  # to 2 in four updates of 8
    assert rates[8:12] == pytest.approx([2.0, 3.0, 4.0, 4.0])  # to 4 in two updates of 16
    assert rates[12:16] == pytest.approx([4.0, 8.0, 8.0, 8.0])  # to 8 in one of 32


def test_sde_uses_adams_told_to_updates_the_size_in_use_and_notes_the_power(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 4, 8, 16 and 32 rows 1 − β₁ is 0.2, 0.4, 0.8 and, as 1.6 cannot be, β₁⁸ in its place."""
    learner = LearnerSettings(lr=0.01, optimizer=AdamSettings(beta1=0.8, beta2=0.999))
    plan = {"coupling": "sde"}
    trainer = trainer_of(make_trainer, learner, plan)
    told = told_to_updates(trainer, monkeypatch, "constants")
    first = [own.beta1[0] for own in told[::4]][:5]
    assert first == pytest.approx([0.8, 0.6, 0.2, 0.8**8, 0.8**8])
    assert [own.eps[1] for own in told[::4]][:3] == pytest.approx([1e-8, 1e-8 / 2**0.5, 5e-9])
    assert trainer._decider.rates.by_power.tolist() == [True, True]


def test_a_polyak_target_is_told_the_tau_of_the_size_in_use(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = LearnerSettings(lr=0.01, target=PolyakTarget(tau=0.1))
    plan = {"target_lag": "samples"}
    trainer = trainer_of(make_trainer, learner, plan)
    told = told_to_updates(trainer, monkeypatch, "constants")
    shares = [own.tau[0] for own in told[::4]][:4]
    assert shares == pytest.approx([1.0 - 0.9**k for k in (1, 2, 4, 8)])


@pytest.mark.parametrize(
    ("lag", "syncs"), [("declared", [20, 40, 60, 80, 100]), ("samples", [20, 34, 40, 46, 48, 50])]
)
def test_a_hard_target_is_copied_by_env_steps_or_by_rows(
    make_trainer: MakeTrainer, lag: Any, syncs: list[int]
) -> None:
    """Twenty env steps are ten updates of 4 rows, so by rows it is copied every 40 of them.

    An update is at 20, 22, 24, ... env steps, of 4 rows four times, then of 8, 16, 32: before those
    at 34, 40, 46, 48 and 50 there were 40, 80, 144, 176 and 208 rows.
    """
    learner = LearnerSettings(lr=0.01, target=HardTarget(period=20))
    plan = {"target_lag": lag}
    trainer = trainer_of(make_trainer, learner, plan, log_every=0.01)
    copied, last = list[int](), trainer.learner.target.flat.clone()
    for moment in trainer.records():
        if moment[0].kind == "train" and not torch.equal(last, trainer.learner.target.flat):
            copied.append(moment[0].env_step)
            last = trainer.learner.target.flat.clone()
    assert copied[: len(syncs)] == syncs


@pytest.mark.parametrize("how", ["keep", "rescale", "reset"])
def test_the_optimisers_memory_is_fitted_once_at_each_jump(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, how: Any
) -> None:
    """From 4 to 8, 16 and 32 rows, before the updates 4, 8 and 12; the first size is no jump."""
    trainer = trainer_of(make_trainer, LearnerSettings(lr=0.01), {"moments": how})
    jumps: list[Any] = []

    def noted(ratio: Any, told: str) -> None:
        jumps.append((trainer.learner.updates.tolist(), ratio.tolist(), told))

    monkeypatch.setattr(trainer.learner, "jump", noted)
    list(trainer.records())
    wanted = [([n, n], [2.0, 2.0], how) for n in (4, 8, 12)]
    assert jumps == ([] if how == "keep" else wanted)
