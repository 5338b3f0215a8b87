"""A frozen state: brought back to the bit, and drawn from alike in every branch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rlbatch.learner import AdamSettings, LearnerSettings, PolyakTarget, SGDSettings
from rlbatch.probe.state import Frozen
from rlbatch.replay.sampling.prioritised import Prioritised
from rlbatch.replay.sampling.without_replacement import WithoutReplacement
from rlbatch.replay.settings import Replay
from rlbatch.schedule import BatchPlan, Fixed
from rlbatch.train import Learn, Trainer

KINDS: list[dict[str, Any]] = [
    {},
    {"learner": LearnerSettings(target=PolyakTarget(tau=0.5))},
    {"learner": LearnerSettings(optimizer=SGDSettings(momentum=0.9))},
    {"replay": Replay(sampler=Prioritised())},
    {
        "replay": Replay(sampler=WithoutReplacement()),
        "learn": Learn(start=60, every=2),
        "batch": BatchPlan(schedule=Fixed(rows=16), reference=16),
    },
]


def copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in state.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_restore_brings_learner_and_buffer_back_to_the_bit(
    make_frozen: Callable[..., Frozen], kind: dict[str, Any]
) -> None:
    frozen = make_frozen(**kind)
    learner, buffer = copied(frozen.learner.state_dict()), copied(frozen.buffer.state_dict())
    for _ in range(5):
        frozen.update(16, 1e-2)
    assert not torch.equal(frozen.learner.online.flat, learner["online"])
    frozen.restore()
    for now, then in ((frozen.learner, learner), (frozen.buffer, buffer)):
        own = now.state_dict()
        assert own.keys() == then.keys()
        moved = [name for name in then if not torch.equal(own[name], then[name])]
        assert all(name.startswith("accounts.") for name in moved)  # draws are counted for good


@pytest.mark.parametrize("kind", KINDS)
def test_two_branches_of_one_size_are_the_same(
    make_frozen: Callable[..., Frozen], kind: dict[str, Any]
) -> None:
    frozen, ends = make_frozen(**kind), []
    for _ in range(2):
        frozen.restore()
        for _ in range(5):
            frozen.update(8, 1e-2)
        ends.append(frozen.learner.online.flat.clone())
    assert torch.equal(*ends)


@pytest.mark.parametrize("kind", KINDS[:3])
def test_the_target_stands_still(make_frozen: Callable[..., Frozen], kind: dict[str, Any]) -> None:
    frozen = make_frozen(**kind)
    before = frozen.learner.target.flat.clone()
    frozen.update(16, 1e-2)
    assert torch.equal(frozen.learner.target.flat, before)


def test_draws_are_nested_across_branches(make_frozen: Callable[..., Frozen]) -> None:
    frozen, drawn = make_frozen(), {}
    for rows in (8, 32):
        frozen.restore()
        drawn[rows] = [frozen.draw(rows).row.clone() for _ in range(3)]
    for few, many in zip(drawn[8], drawn[32], strict=True):
        assert torch.equal(few, many[:, :8])
    assert not torch.equal(drawn[8][0], drawn[8][1])


def test_the_td_loss_is_the_mean_square_on_rows_that_stay(
    make_frozen: Callable[..., Frozen],
) -> None:
    frozen = make_frozen()
    error = frozen.learner.row_td_error(frozen._rows).double()
    np.testing.assert_allclose(frozen.td_loss(), (error**2).mean(1).numpy(), rtol=1e-12)
    assert error.shape == (2, 64)
    assert np.array_equal(frozen.td_loss(), frozen.loss)


def test_reading_the_td_loss_counts_no_update(make_frozen: Callable[..., Frozen]) -> None:
    frozen = make_frozen()
    frozen.update(8, 0.0)
    updates = frozen.learner.updates.copy()
    frozen.td_loss()
    assert np.array_equal(frozen.learner.updates, updates)


@pytest.mark.parametrize(
    ("declared", "optimizer", "rule", "factor"),
    [
        ("none", AdamSettings(), "sqrt", 2.0),
        ("none", SGDSettings(), "linear", 4.0),
        ("linear", AdamSettings(), "linear", 4.0),
        ("inverse", SGDSettings(), "inverse", 0.25),
    ],
)
def test_the_rule_is_the_declared_one_or_that_of_the_optimiser(
    make_frozen: Callable[..., Frozen], declared: Any, optimizer: Any, rule: str, factor: float
) -> None:
    learner = LearnerSettings(lr=0.5, optimizer=optimizer)
    frozen = make_frozen(learner=learner, batch=BatchPlan(coupling=declared, reference=16))
    assert frozen.rule == rule
    assert frozen.rate(64) == pytest.approx(0.5 * factor)
    assert frozen.rate(64, 0.25) == pytest.approx(0.125 * factor)


def test_the_sde_rule_moves_adams_own_constants(make_frozen: Callable[..., Frozen]) -> None:
    frozen = make_frozen(batch=BatchPlan(coupling="sde", reference=16))
    own = frozen._constants(32)
    assert own is not None
    assert own.beta1 == pytest.approx(0.8)
    assert own.eps == pytest.approx(1e-8 / 2**0.5)


def test_a_lane_that_diverged_before_is_left_out(make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer()
    trainer.learner.diverged[1] = True
    frozen = Frozen(trainer, 64)
    before = frozen.learner.online.flat.clone()
    frozen.update(8, 1e-2)
    assert frozen.loss.shape == frozen.diverged().shape == (1,)
    assert torch.equal(frozen.learner.online.flat[1], before[1])
    assert not torch.equal(frozen.learner.online.flat[0], before[0])
