"""A batch in pieces: how it is cut, who meets how many rows, and what a lack of memory does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from agents.dqn import DQN
from rlbatch.contract import QFn
from rlbatch.errors import ConfigError, TrainingError
from rlbatch.learner import HardTarget, Learner, LearnerSettings, NoiseScale, PolyakTarget
from rlbatch.learner.gradients.accumulation import Accumulation
from rlbatch.types import Batch, RowLoss

MakeLearner = Callable[..., Learner]
MakeBatch = Callable[..., Batch]
USUAL = DQN(hidden=(8,))
NO_ROOM = RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


@dataclass
class Room:
    """An agent for whose loss there is room for `rows` at a time, and that notes what it meets."""

    rows: int = 10_000
    fault: Exception = NO_ROOM
    met: list[int] = field(default_factory=list)

    def network(self, obs_space: Any, action_space: Any) -> nn.Module:
        return USUAL.network(obs_space, action_space)

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        self.met.append(len(batch.reward))
        if len(batch.reward) > self.rows:
            raise self.fault
        return USUAL.loss(q, q_target, batch, key)

    def values(self, output: Tensor) -> Tensor:
        return USUAL.values(output)


def far(one: Tensor, other: Tensor) -> float:
    """Distance relative to the size of the second."""
    return float((one - other).norm() / other.norm())


def test_pieces_share_the_rows_out_and_count_each_lanes_own(weighted: MakeBatch) -> None:
    batch = weighted([8, 4, 0])
    pieces = list(Accumulation(3).pieces(batch))
    assert [piece.size.tolist() for piece in pieces] == [[3, 3, 0], [3, 1, 0], [2, 0, 0]]
    for whole, *parts in zip(batch[:-1], *(piece[:-1] for piece in pieces), strict=True):
        assert torch.equal(torch.cat(parts, 1), whole)
    for piece in pieces:
        assert (piece.row >= 0).sum(1).tolist() == piece.size.tolist()


@pytest.mark.parametrize(("micro_batch", "cut"), [(None, False), (8, False), (9, False), (7, True)])
def test_only_what_is_larger_than_a_micro_batch_is_cut(
    weighted: MakeBatch, micro_batch: int | None, cut: bool
) -> None:
    assert Accumulation(micro_batch).cuts(weighted([8, 2, 0])) == cut


@pytest.mark.parametrize("target", [HardTarget(period=2), PolyakTarget(tau=0.3)])
@pytest.mark.parametrize("sizes", [[10, 4, 0, 7], [10]])
@pytest.mark.parametrize("micro_batch", [1, 3, 7, 10])
def test_updates_of_a_cut_batch_are_those_of_the_whole(
    make: MakeLearner, weighted: MakeBatch, sizes: list[int], micro_batch: int, target: Any
) -> None:
    seeds = range(len(sizes))
    whole, cut = (make(seeds, target=target, micro_batch=rows) for rows in (None, micro_batch))
    for update in range(1, 4):
        batch = weighted(sizes, update)
        errors = [own.update(batch, env_step=update)[batch.row >= 0] for own in (cut, whole)]
        assert far(*errors) <= 1e-6
    assert far(cut.online.flat, whole.online.flat) <= 1e-6
    assert far(cut.target.flat, whole.target.flat) <= 1e-6
    told = zip(cut.meters.read(), whole.meters.read(), strict=True)
    assert all(mine == pytest.approx(theirs, rel=1e-5) for mine, theirs in told)


def test_a_network_meets_a_micro_batch_at_a_time_in_updates_and_in_errors(
    make: MakeLearner, weighted: MakeBatch
) -> None:
    batch, agent = weighted([10, 4, 0]), Room()
    learns = make(agent=agent, micro_batch=4)
    errors = learns.row_td_error(batch)
    assert agent.met == [4, 4, 2]
    own = batch.row >= 0
    assert far(errors[own], make().row_td_error(batch)[own]) <= 1e-6
    learns.update(batch)
    assert agent.met == [4, 4, 2] * 2


def test_the_noise_meter_sees_the_first_piece(make: MakeLearner, weighted: MakeBatch) -> None:
    batch, scale = weighted([16, 12, 16]), NoiseScale(every=1, horizon=10**9)
    cut, measured = (make(lr=0.0, noise_scale=scale, micro_batch=rows) for rows in (8, None))
    for _ in range(2):
        cut.update(batch)
        measured.update(next(Accumulation(8).pieces(batch)))
    assert cut.noise is not None
    assert measured.noise is not None
    traces = [[own["grad_trace"] for own in noise.read()] for noise in (cut.noise, measured.noise)]
    assert traces[0] == pytest.approx(traces[1], rel=1e-5)


def test_an_update_that_is_measured_and_cut_is_the_one_that_is_cut(
    make: MakeLearner, weighted: MakeBatch
) -> None:
    flats = []
    for scale in (None, NoiseScale(every=1)):
        learns = make(noise_scale=scale, micro_batch=8)
        learns.update(weighted([16, 12, 16]))
        flats.append(learns.online.flat)
    assert torch.equal(*flats)


@pytest.mark.parametrize("fault", [NO_ROOM, MemoryError("no"), torch.OutOfMemoryError("CUDA")])
@pytest.mark.parametrize("sizes", [[13, 6, 9], [13]])
def test_without_memory_the_same_rows_are_done_again_in_halves(
    make: MakeLearner, weighted: MakeBatch, sizes: list[int], fault: Exception
) -> None:
    agent, seeds, batch = Room(5, fault), range(len(sizes)), weighted(sizes)
    short, usual, small = make(seeds, agent), make(seeds), make(seeds, micro_batch=4)
    for learns in (short, usual, small):
        learns.update(batch)
    assert agent.met == [13, 7, 4, 4, 4, 1]
    assert torch.equal(short.online.flat, small.online.flat)
    assert far(short.online.flat, usual.online.flat) <= 1e-6
    assert short.updates.tolist() == [1] * len(sizes)
    assert [words.partition("(")[0] for words in short.told()] == [
        "no memory for 13 rows at a time: 7 from now on ",
        "no memory for 7 rows at a time: 4 from now on ",
    ]


def test_what_was_found_to_fit_is_kept_and_told_once(
    make: MakeLearner, weighted: MakeBatch
) -> None:
    agent = Room(5)
    learns = make(agent=agent)
    learns.update(weighted([8, 8, 8]))
    assert len(learns.told()) == 1
    learns.update(weighted([8, 8, 8], 1))
    learns.update(weighted([3, 3, 3], 2))
    assert agent.met == [8, 4, 4, 4, 4, 3]
    assert learns.told() == []


def test_a_batch_below_the_micro_batch_halves_itself_and_not_the_micro_batch(
    make: MakeLearner, weighted: MakeBatch
) -> None:
    agent = Room(4)
    learns = make(agent=agent, micro_batch=64)
    learns.update(weighted([8, 8, 8]))
    assert agent.met == [8, 4, 4]


@pytest.mark.parametrize(
    "fault", [RuntimeError("index out of range"), ValueError("allocate memory")]
)
def test_another_error_passes_through_at_once(
    make: MakeLearner, weighted: MakeBatch, fault: Exception
) -> None:
    agent = Room(5, fault)
    learns = make(agent=agent)
    with pytest.raises(type(fault)) as caught:
        learns.update(weighted([8, 8, 8]))
    assert caught.value is fault
    assert (agent.met, learns.told()) == ([8], [])


def test_no_room_for_one_row_is_an_error_that_says_so_and_changes_nothing(
    make: MakeLearner, weighted: MakeBatch
) -> None:
    agent = Room(0)
    learns = make(agent=agent)
    before = learns.state_dict()
    message = r"^learner: expected memory for 1 rows at a time, got DefaultCPUAllocator: can't all"
    with pytest.raises(TrainingError, match=message):
        learns.update(weighted([8, 8, 8]))
    assert agent.met == [8, 4, 2, 1]
    assert all(torch.equal(own, before[name]) for name, own in learns.state_dict().items())


def test_the_loss_is_told_the_same_key_for_every_piece(
    make: MakeLearner, weighted: MakeBatch
) -> None:
    agent = Keyed()
    make(agent=agent, micro_batch=3, seeds=[4]).update(weighted([8]))
    assert len(agent.keys) == 3
    assert len(set(agent.keys)) == 1


@dataclass
class Keyed(Room):
    keys: list[int] = field(default_factory=list)

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        self.keys.append(int(key))
        return super().loss(q, q_target, batch, key)


def test_halved_pieces_stay_multiples_of_a_group() -> None:
    pieces, sizes = Accumulation(None, 16), [80]
    while sizes[-1] > 16:
        pieces._halve(80, "")
        sizes.append(pieces.micro_batch or 0)
    assert sizes == [80, 48, 32, 16]
    with pytest.raises(TrainingError):
        pieces._halve(80, "")


@pytest.mark.parametrize("told", [{"micro_batch": 0}, {"micro_batch": -4}, {"precision": "fp8"}])
def test_settings_that_cannot_be_meant(told: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"learner.{next(iter(told))}"):
        LearnerSettings(**told)
