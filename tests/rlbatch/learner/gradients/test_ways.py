"""However a gradient is made, it is the same gradient."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor, nn

from agents.dqn import DQN
from rlbatch.errors import ConfigError, TrainingError
from rlbatch.learner import HardTarget, Learner, LearnerSettings
from rlbatch.learner.gradients import source as sources
from rlbatch.learner.gradients.accumulation import Accumulation
from rlbatch.learner.gradients.precision import FIRST, LEAST, PATIENCE, LossScale
from rlbatch.types import Batch

OBS, ACTIONS = spaces.Box(-np.inf, np.inf, (4,), np.float32), spaces.Discrete(3)
CPU = torch.device("cpu")


def batch(sizes: Sequence[int], seed: int = 0) -> Batch:
    """Rows `[L, B]` with weights, padded to the widest lane with content that would show."""
    draw = torch.Generator().manual_seed(seed)
    shape = len(sizes), max(sizes)
    own = torch.arange(shape[1]) < torch.tensor(sizes)[:, None]
    return Batch(
        obs=torch.randn(*shape, 4, generator=draw),
        action=torch.randint(3, shape, generator=draw),
        reward=torch.randn(shape, generator=draw) * 3.0,
        next_obs=torch.randn(*shape, 4, generator=draw),
        discount=torch.full(shape, 0.9),
        weight=torch.rand(shape, generator=draw) * own,
        row=torch.where(own, torch.arange(shape[1]), -1),
        size=torch.tensor(sizes),
    )


def learner(lanes: int, agent: Any = None, compile: bool = False, **settings: Any) -> Learner:
    told = LearnerSettings(lr=1e-2, target=HardTarget(period=2), **settings)
    agent = agent or DQN(hidden=(8,))
    return Learner(agent, OBS, ACTIONS, seeds=range(lanes), settings=told, compile=compile)


def distance(a: Tensor, b: Tensor) -> float:
    """Relative to the second."""
    return float((a - b).norm() / b.norm())


@pytest.mark.parametrize("sizes", [(29,), (29, 7, 0, 16)])
@pytest.mark.parametrize("micro_batch", [1, 3, 8, 29])
def test_a_batch_that_is_cut_teaches_what_it_teaches_whole(
    sizes: Sequence[int], micro_batch: int
) -> None:
    whole, cut = learner(len(sizes)), learner(len(sizes), micro_batch=micro_batch)
    rows = batch(sizes)
    assert distance(cut.gradient(rows), whole.gradient(rows)) < 1e-6
    assert distance(cut.td_error(rows), whole.td_error(rows)) < 1e-6
    for step in range(3):
        told = [own.update(batch(sizes, step), env_step=step) for own in (cut, whole)]
        own = rows.row >= 0
        assert distance(told[0][own], told[1][own]) < 1e-5
    assert distance(cut.online.flat, whole.online.flat) < 1e-6
    assert distance(cut.target.flat, whole.target.flat) < 1e-6
    for mine, theirs in zip(cut.meters.read(), whole.meters.read(), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-5)


def refuse_more_than(
    rows: int, fault: str, learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An allocator that has room for so many rows."""
    take = learner._source._take

    def limited(piece: Batch, *rest: Any) -> Any:
        if piece.reward.shape[1] > rows:
            raise RuntimeError(fault)
        return take(piece, *rest)

    monkeypatch.setattr(learner._source, "_take", limited)


NO_ROOM = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"


def test_where_memory_runs_out_the_same_rows_are_done_in_smaller_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual, short = learner(2), learner(2)
    refuse_more_than(5, NO_ROOM, short, monkeypatch)
    rows = batch((30, 17))
    for _ in range(2):
        usual.update(rows)
        short.update(rows)
    assert distance(short.online.flat, usual.online.flat) < 1e-6
    assert [word.split(":")[0] for word in short.told()] == [
        "no memory for 30 rows at a time",
        "no memory for 15 rows at a time",
        "no memory for 8 rows at a time",
    ]
    assert short.told() == []


def test_an_error_of_another_kind_is_not_taken_for_a_lack_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = learner(2)
    refuse_more_than(5, "index out of range", broken, monkeypatch)
    with pytest.raises(RuntimeError, match="index out of range"):
        broken.update(batch((30, 17)))


def test_no_room_for_a_single_row_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    none = learner(2)
    refuse_more_than(0, NO_ROOM, none, monkeypatch)
    with pytest.raises(TrainingError, match="memory for 1 rows"):
        none.update(batch((4, 4)))


def test_halved_pieces_stay_multiples_of_a_group() -> None:
    pieces = Accumulation(None, 16)
    sizes = [80]
    while sizes[-1] > 16:
        pieces._halve(80, "")
        sizes.append(pieces.micro_batch or 0)
    assert sizes == [80, 48, 32, 16]
    with pytest.raises(TrainingError):
        pieces._halve(80, "")


@pytest.fixture(scope="module")
def pair() -> tuple[Learner, Learner]:
    """Eighteen lanes, two blocks of programs: compiled and eager."""
    return learner(18, compile=True), learner(18)


def test_compiled_updates_are_the_eager_ones(pair: tuple[Learner, Learner]) -> None:
    compiled, eager = pair
    sizes = [16] * 9 + [8] * 9
    for step in range(30):
        for own in pair:
            own.update(batch(sizes, step), env_step=step)
    assert distance(compiled.online.flat, eager.online.flat) < 1e-5
    assert len(compiled._source._take._programs) == 2  # type: ignore[attr-defined]


def test_a_block_whose_lanes_rest_is_left_as_it_is(pair: tuple[Learner, Learner]) -> None:
    compiled, eager = pair
    before = compiled.online.flat.clone()
    on = np.arange(18) < 4
    for own in pair:
        own.update(batch([16] * 18), active=on)
    assert torch.equal(compiled.online.flat[4:], before[4:])
    assert distance(compiled.online.flat, eager.online.flat) < 1e-5


def test_a_lane_that_diverges_stops_alone(pair: tuple[Learner, Learner]) -> None:
    compiled, _ = pair
    before = compiled.online.flat.clone()
    rows = batch([16] * 18)
    rows.reward[3] = torch.nan
    compiled.update(rows)
    assert torch.equal(compiled.online.flat[3], before[3])
    moved = (compiled.online.flat != before).any(1)
    assert moved.tolist() == [lane != 3 for lane in range(18)]
    assert compiled.diverged.nonzero().tolist() == [[3]]


class Looks(DQN):
    """A loss that asks what is in its tensors."""

    def loss(self, q: Any, q_target: Any, batch: Batch, key: Tensor) -> Any:
        if batch.reward.sum() > 0:
            return super().loss(q, q_target, batch, key)
        return super().loss(q, q_target, batch, key)


def test_a_loss_that_cannot_be_compiled_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="compile: expected functions that inductor"):
        learner(1, Looks(hidden=(8,)), compile=True).update(batch((8,)))


def test_without_a_compiler_compiling_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ConfigError("compile", "a C++ compiler", "none")

    monkeypatch.setattr(sources, "require_compiler", refuse)
    with pytest.raises(ConfigError, match="a C\\+\\+ compiler"):
        learner(1, compile=True)


class Deep(DQN):
    """Sixteen layers."""

    def network(self, obs_space: Any, action_space: Any) -> nn.Module:
        widths = [4, *[12] * 7, 3]
        layers = [nn.Sequential(nn.Linear(a, b), nn.Tanh()) for a, b in pairwise(widths)]
        return nn.Sequential(*(part for layer in layers for part in layer))


@pytest.mark.parametrize("lanes", [1, 3])
def test_checkpointing_keeps_less_and_changes_nothing(lanes: int) -> None:
    kept: list[int] = []
    grads = []
    for checkpointing in (False, True):
        own, held = learner(lanes, Deep(), checkpointing=checkpointing), set[int]()

        def pack(tensor: Tensor, held: set[int] = held) -> Tensor:
            if 64 in tensor.shape:  # rows: what grows with the batch
                held.add(tensor.data_ptr())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            own._forward.loss(batch([64] * lanes), own._key())
        grads.append(own.gradient(batch([64] * lanes)))
        kept.append(len(held))
    assert distance(grads[1], grads[0]) < 1e-6
    assert kept[1] < kept[0]


def test_checkpointing_needs_a_chain() -> None:
    with pytest.raises(ConfigError, match=r"nn\.Sequential of 4 layers"):
        learner(1, DQN(hidden=()), checkpointing=True)


@pytest.mark.parametrize("lanes", [1, 3])
def test_bfloat16_is_near_and_keeps_its_weights_in_float32(lanes: int) -> None:
    near, exact = learner(lanes, precision="bf16"), learner(lanes)
    rows = batch([64] * lanes)
    off = distance(near.gradient(rows), exact.gradient(rows))
    assert 1e-5 < off < 3e-2  # eight bits of mantissa, some layers
    near.update(rows)
    assert near.online.flat.dtype == torch.float32


def test_float16_is_refused_on_a_cpu() -> None:
    with pytest.raises(ConfigError, match=r"learner\.precision: expected fp16 on a CUDA device"):
        learner(1, precision="fp16")


def test_a_loss_scale_moves_for_its_own_lane() -> None:
    scale = LossScale(3, CPU)
    asked = torch.tensor([True, True, False])
    lost = scale.judge(torch.tensor([True, False, False]), asked)
    assert not lost.any()
    assert scale.state["factor"][:, 0].tolist() == [FIRST, FIRST / 2, FIRST]
    for _ in range(PATIENCE - 1):
        scale.judge(torch.tensor([True, False, False]), asked)
    assert scale.state["factor"][:, 0].tolist() == [2 * FIRST, LEAST, FIRST]
    assert scale.judge(torch.tensor([True, False, False]), asked).tolist() == [False, True, False]


@pytest.mark.parametrize("told", [{"micro_batch": 0}, {"precision": "fp8"}])
def test_settings_that_cannot_be_meant(told: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"learner.{next(iter(told))}"):
        LearnerSettings(**told)
