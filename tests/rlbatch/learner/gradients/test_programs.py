"""Compiled is eager: one program a shape, blocks of lanes, and lanes that stay apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from agents.dqn import DQN
from rlbatch.contract import QFn
from rlbatch.errors import ConfigError
from rlbatch.learner import HardTarget, Learner, NoiseScale
from rlbatch.learner.gradients import programs, source
from rlbatch.learner.gradients.programs import BLOCK
from rlbatch.replay import ReplayBuffer
from rlbatch.types import Batch, RowLoss

MakeLearner = Callable[..., Learner]
Frozen = Callable[..., ReplayBuffer]
MakeBatch = Callable[..., Batch]
Made = list[tuple[int, int]]
MANY = range(1, BLOCK + 3)  # seeds of two blocks of 9 lanes


def far(one: Tensor, other: Tensor) -> float:
    """Distance relative to the size of the second."""
    return float((one - other).norm() / other.norm())


def taught(learner: Learner, buffer: ReplayBuffer, updates: int, rows: Any = 16) -> Learner:
    for update in range(updates):
        learner.update(buffer.sample(rows, update), env_step=update)
    return learner


def test_a_lane_compiled_by_inductor_learns_what_it_learns_eagerly(
    make: MakeLearner, frozen: Frozen
) -> None:
    hard = HardTarget(period=10)
    one, other = (
        taught(make([2], compile=compile, target=hard), frozen([2]), 50)
        for compile in (True, False)
    )
    assert far(one.online.flat, other.online.flat) <= 1e-5
    assert far(one.target.flat, other.target.flat) <= 1e-5


def test_blocks_of_lanes_of_different_sizes_compiled_by_inductor_learn_what_they_learn_eagerly(
    make: MakeLearner, frozen: Frozen
) -> None:
    sizes = [16] * 9 + [8] * 9
    one, other = (
        taught(make(MANY, compile=compile), frozen(MANY), 30, sizes) for compile in (True, False)
    )
    assert far(one.online.flat, other.online.flat) <= 1e-5
    assert far(one.target.flat, other.target.flat) <= 1e-5


def test_without_a_compiler_a_learner_that_compiles_is_refused(
    make: MakeLearner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise ConfigError("compile", "a C++ compiler", "none")

    monkeypatch.setattr(source, "require_compiler", refuse)
    with pytest.raises(ConfigError, match=r"^compile: expected a C\+\+ compiler, got none"):
        make(compile=True)


def test_a_lane_among_others_learns_what_its_own_program_teaches_it(
    make: MakeLearner, frozen: Frozen, noted: Made
) -> None:
    together = taught(make(MANY, compile=True), frozen(MANY), 30)
    for k in (0, 9, 17):
        alone = taught(make([MANY[k]], compile=True), frozen([MANY[k]]), 30)
        assert far(together.online.flat[k], alone.online.flat[0]) <= 1e-5
        assert far(together.target.flat[k], alone.target.flat[0]) <= 1e-5
    assert set(noted) == {(9, 16), (1, 16)}


@pytest.mark.parametrize(
    ("criterion", "sizes", "micro_batch"),
    [
        ("mse", [16], 5),
        ("huber", [16, 3, 0], None),
        ("huber", [16, 5, 1, 9] * 4 + [2, 7], None),
        ("mse", [8, 5, 1, 7] * 4 + [2, 7], 5),
    ],
)
def test_recorded_gradients_are_those_of_eager_lanes(
    make: MakeLearner,
    weighted: MakeBatch,
    recorded: Made,
    criterion: Any,
    sizes: list[int],
    micro_batch: int | None,
) -> None:
    seeds, agent, batch = range(len(sizes)), DQN(hidden=(8,), criterion=criterion), weighted(sizes)
    program = make(seeds, agent, compile=True, micro_batch=micro_batch)
    eager = make(seeds, agent)
    assert far(program.gradient(batch), eager.gradient(batch)) <= 1e-6
    errors = [own.update(batch)[batch.row >= 0] for own in (program, eager)]
    assert far(*errors) <= 1e-6
    assert recorded
    told = zip(program.meters.read(), eager.meters.read(), strict=True)
    assert all(mine == pytest.approx(theirs, rel=1e-5) for mine, theirs in told)


def test_each_batch_size_has_one_program_however_often_it_comes(
    make: MakeLearner, frozen: Frozen, noted: Made
) -> None:
    learns, buffer = make(compile=True), frozen()
    for update, rows in enumerate([4, 8, 4, 16, 8, 16, 4]):
        learns.update(buffer.sample(rows, update, reuse=True))
    assert noted == [(3, 4), (3, 8), (3, 16)]


def test_a_block_is_as_wide_as_its_own_widest_lane(
    make: MakeLearner, weighted: MakeBatch, noted: Made
) -> None:
    learns = make(MANY, compile=True)
    learns.update(weighted([4] * 9 + [16] * 9))
    learns.update(weighted([4] * 9 + [16] * 9, 1))
    assert noted == [(9, 4), (9, 16)]


def test_of_wide_lanes_fewer_go_together_and_idle_ones_are_left_out(
    make: MakeLearner, weighted: MakeBatch, noted: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "ROWS", 48)
    sizes, eager = [16] * 3 + [0] * 3 + [9] * 3 + [4] * 9, make(MANY)
    batch, learns = weighted(sizes), make(MANY, compile=True)
    for own in (learns, eager):
        own.update(batch)
    assert far(learns.online.flat, eager.online.flat) <= 1e-6
    assert noted == [(3, 16), (9, 4)]  # three a call where one has 16 rows, nine where all have 4


@pytest.mark.parametrize("told", ["by active", "by size"])
def test_a_block_that_is_idle_is_not_run_and_stays_to_the_bit(
    make: MakeLearner, weighted: MakeBatch, noted: Made, told: str
) -> None:
    learns = make(MANY, compile=True)
    learns.update(weighted([8] * 18))
    before = {name: own.clone() for name, own in learns.state_dict().items()}
    noted.clear()
    sizes = [4] * 9 + [0 if told == "by size" else 4] * 9
    learns.update(weighted(sizes, 1), active=np.arange(18) < 9)
    after = learns.state_dict()
    assert noted == [(9, 4)]
    assert all(torch.equal(after[name][9:], before[name][9:]) for name in after)
    assert (after["online"][:9] != before["online"][:9]).any(1).all()


def test_the_gradient_of_a_block_without_rows_is_zero(
    make: MakeLearner, weighted: MakeBatch, noted: Made
) -> None:
    gradient = make(MANY, compile=True).gradient(weighted([4] * 9 + [0] * 9))
    assert gradient[:9].any(1).all()
    assert not gradient[9:].any()
    assert noted == [(9, 4)]


def test_where_all_lanes_are_idle_nothing_changes(
    make: MakeLearner, weighted: MakeBatch, noted: Made
) -> None:
    learns, batch = make(MANY, compile=True), weighted([4] * 18)
    before = learns.state_dict()
    learns.update(batch, active=np.zeros(18, np.bool_))
    assert noted == []
    assert all(torch.equal(own, before[name]) for name, own in learns.state_dict().items())


@pytest.mark.parametrize(("column", "seeds"), [("reward", [1, 2, 3]), ("obs", MANY)])
def test_a_nan_in_a_piece_of_one_lane_marks_that_lane_and_leaves_the_others(
    make: MakeLearner, weighted: MakeBatch, noted: Made, column: str, seeds: Sequence[int]
) -> None:
    batch = weighted([8] * len(seeds))
    sick, sound = (make(seeds, compile=True, micro_batch=3) for _ in range(2))
    before = sick.online.flat[1].clone()
    sound.update(batch)
    getattr(batch, column)[1, 5] = torch.nan  # in the second piece
    sick.update(batch)
    assert sick.diverged.nonzero().tolist() == [[1]]
    assert torch.equal(sick.online.flat[1], before)
    others = [k for k in range(len(seeds)) if k != 1]
    assert torch.equal(sick.online.flat[others], sound.online.flat[others])


def test_programs_and_the_noise_meter_go_together(
    make: MakeLearner, frozen: Frozen, noted: Made
) -> None:
    """The meter's own pass is eager."""
    scale = NoiseScale(every=2)
    measured, eager = (
        taught(make(noise_scale=scale, compile=compile), frozen(), 8) for compile in (True, False)
    )
    assert far(measured.online.flat, eager.online.flat) <= 1e-5
    assert measured.noise is not None
    assert all("noise_scale" in own for own in measured.noise.read())
    assert noted == [(3, 16)]


class Room(DQN):
    """There is room for the loss of eight rows a lane."""

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        if len(batch.reward) > 8:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return super().loss(q, q_target, batch, key)


def test_where_recording_a_program_finds_no_memory_the_batch_is_cut(
    make: MakeLearner, weighted: MakeBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch._inductor, "compile", lambda graph, example, options: graph)
    monkeypatch.setattr(source, "warm_up", lambda: None)
    batch = weighted([32, 9, 20])
    learns, eager = make(agent=Room(hidden=(8,)), compile=True), make()
    for own in (learns, eager):
        own.update(batch)
    assert far(learns.online.flat, eager.online.flat) <= 1e-6
    assert [words.partition(":")[0] for words in learns.told()] == [
        "no memory for 32 rows at a time",
        "no memory for 16 rows at a time",
    ]


class Deep(DQN):
    """Six layers in a chain."""

    def network(self, obs_space: Any, action_space: Any) -> nn.Module:
        return nn.Sequential(
            nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2), nn.Identity()
        )


@pytest.mark.parametrize("seeds", [[1], [1, 2, 3]])
def test_a_checkpointed_network_is_compiled_to_the_same_gradient(
    make: MakeLearner, weighted: MakeBatch, recorded: Made, seeds: list[int]
) -> None:
    batch = weighted([16, 4, 9][: len(seeds)])
    program = make(seeds, Deep(), compile=True, checkpointing=True)
    assert far(program.gradient(batch), make(seeds, Deep()).gradient(batch)) <= 1e-6
