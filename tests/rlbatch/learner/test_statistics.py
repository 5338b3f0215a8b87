"""Batch statistics: state of each lane, which no cut, no padding and no idle update changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx

from agents.dqn import DQN
from rlbatch.contract import QFn
from rlbatch.errors import ConfigError, DataError
from rlbatch.learner import Learner, LearnerSettings, NoiseScale
from rlbatch.learner.gradients import Gradients, programs
from rlbatch.learner.gradients.told import Mask
from rlbatch.learner.settings import HardTarget, PolyakTarget
from rlbatch.replay import ReplayBuffer
from rlbatch.types import Batch, RowLoss

OBS, ACTIONS = spaces.Box(-np.inf, np.inf, (4,), np.float32), spaces.Discrete(3)
NORMED = DQN(hidden=(16, 8), norm="batch", norm_group=16)


def learner(
    seeds: Sequence[int] = (1, 2, 3), agent: Any = NORMED, compile: bool = False, **own: Any
) -> Learner:
    settings = LearnerSettings(**{"lr": 1e-3, "target": HardTarget(period=10), **own})
    return Learner(agent, OBS, ACTIONS, seeds=seeds, settings=settings, compile=compile)


def frozen(seeds: Sequence[int] = (1, 2, 3)) -> ReplayBuffer:
    """A buffer of 200 rows a lane; a lane's rows and draws depend on its seed alone."""
    buffer = ReplayBuffer(200, OBS, ACTIONS, len(seeds), seed=seeds, gamma=0.9)
    draw = [np.random.default_rng(seed) for seed in seeds]
    obs, next_obs = (np.stack([d.normal(1.0, 2.0, (200, 4)) for d in draw]) for _ in range(2))
    action = np.stack([d.integers(3, size=200) for d in draw])
    reward = np.stack([d.normal(size=200) * 2 for d in draw])
    ended = np.stack([d.random(200) < 0.2 for d in draw])
    buffer.add(obs, action, reward, next_obs, ended, ended & False)
    return buffer


def taught(learns: Learner, sizes: Any = (64, 32, 16), updates: int = 12) -> Learner:
    buffer = frozen(learns.seeds.tolist())
    for update in range(updates):
        learns.update(buffer.sample(np.array(sizes), update), env_step=update)
    return learns


def far(one: Tensor, other: Tensor) -> float:
    """Distance relative to the size of the second."""
    return float((one - other).norm() / other.norm())


def lane(batch: Batch, k: int, rows: slice) -> Batch:
    """Some of lane k's rows, as the batch of one lane."""
    columns = [column[k : k + 1, rows] for column in batch[:-1]]
    return Batch._make([*columns, torch.full((1,), columns[0].shape[1])])


@pytest.mark.parametrize("micro_batch", [16, 32, 48])
@pytest.mark.parametrize("lanes", [1, 3])
def test_neither_gradient_nor_statistics_depend_on_how_the_batch_is_cut(
    micro_batch: int, lanes: int
) -> None:
    seeds = range(1, lanes + 1)
    whole, cut = learner(seeds), learner(seeds, micro_batch=micro_batch)
    batch = frozen(seeds).sample([64, 32, 16][:lanes], 0)
    assert far(cut.gradient(batch), whole.gradient(batch)) <= 1e-6
    for own in (whole, cut):
        own.update(batch)
    assert far(cut.online.statistics, whole.online.statistics) <= 1e-6


def test_neither_gradient_nor_statistics_depend_on_padding() -> None:
    tight, padded = learner(), learner()
    batches = frozen().sample(16, 0), frozen().sample([64, 16, 32], 0)
    gradients = [own.gradient(batch) for own, batch in zip((tight, padded), batches, strict=True)]
    assert far(gradients[1][1], gradients[0][1]) <= 1e-6
    for own, batch in zip((tight, padded), batches, strict=True):
        own.update(batch)
    assert far(padded.online.statistics[1], tight.online.statistics[1]) <= 1e-6


def test_lanes_of_unlike_sizes_learn_what_they_would_learn_alone() -> None:
    sizes = 64, 16, 0
    together = taught(learner(), sizes, 50)
    buffer, alone = frozen(), [learner([seed]) for seed in (1, 2)]
    for update in range(50):
        batch = buffer.sample(np.array(sizes), update)
        for k, own in enumerate(alone):
            own.update(lane(batch, k, slice(sizes[k])), env_step=update)
    for k, own in enumerate(alone):
        assert far(together.online.state[k], own.online.state[0]) <= 1e-5
        assert far(together.target.state[k], own.target.state[0]) <= 1e-5
    assert torch.equal(together.online.state[2], learner().online.state[2])  # idle


@pytest.mark.parametrize("lanes", [1, 9])
def test_a_recorded_program_learns_what_eager_learns(
    lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "compiled", lambda own, example: make_fx(own)(*example))
    sizes, seeds = [32, 16, 16, 0, 16, 16, 16, 16, 48][:lanes], range(1, lanes + 1)
    eager, recorded = (
        taught(learner(seeds, compile=compile), sizes, 5) for compile in (False, True)
    )
    assert far(recorded.online.flat, eager.online.flat) <= 1e-5
    assert far(recorded.online.statistics, eager.online.statistics) <= 1e-5


def test_a_batch_of_one_group_moves_the_statistics_as_torch_does() -> None:
    learns, batch = learner([1]), frozen([1]).sample(16, 0)
    first = nn.Linear(4, 16, bias=False)
    first.weight.data = learns.online.named["body.0.weight"][0].detach().clone()
    torchs = nn.BatchNorm1d(16)
    torchs(first(batch.obs[0]))
    learns.update(batch)
    named = learns.online.named_views(learns.online.state)
    torch.testing.assert_close(named["body.1.running_mean"][0], torchs.running_mean)
    torch.testing.assert_close(named["body.1.running_var"][0], torchs.running_var)


def test_statistics_move_by_one_group_after_another() -> None:
    whole, parts = learner([1], lr=0.0), learner([1], lr=0.0)
    batch = frozen([1]).sample(64, 0)
    whole.update(batch)
    for start in range(0, 64, 16):
        parts.update(lane(batch, 0, slice(start, start + 16)))
    assert far(whole.online.statistics, parts.online.statistics) <= 1e-6


def test_a_hard_target_takes_the_statistics_when_it_takes_the_parameters() -> None:
    learns = taught(learner(target=HardTarget(period=1000)), 32, 3)
    assert torch.equal(learns.target.statistics, learner().target.statistics)
    learns.update(frozen().sample(32, 9), env_step=1000)
    assert torch.equal(learns.target.state, learns.online.state)


def test_the_statistics_of_a_polyak_target_follow_at_its_tau() -> None:
    learns = learner(target=PolyakTarget(tau=0.25))
    before = learns.target.statistics.clone()
    learns.update(frozen().sample(32, 0))
    torch.testing.assert_close(
        learns.target.statistics, before.lerp(learns.online.statistics, 0.25)
    )


def test_a_lane_that_diverges_keeps_its_statistics_to_the_bit() -> None:
    learns = taught(learner(), 16, 3)
    before, batch = learns.online.state.clone(), frozen().sample(16, 9)
    batch.reward[1, 0] = torch.nan
    learns.update(batch)
    assert learns.diverged.tolist() == [False, True, False]
    assert torch.equal(learns.online.state[1], before[1])
    assert not torch.equal(learns.online.statistics[0], before[0, -48:])


def test_acting_takes_the_running_statistics_and_changes_none() -> None:
    learns, obs = taught(learner()), torch.randn(3, 5, 4)
    before = learns.online.state.clone()
    told = [learns.values(obs) for _ in range(5)]  # the fourth is replayed
    alone = torch.cat([learns.values(obs[:, k : k + 1].contiguous()) for k in range(5)], 1)
    for values in (*told, learns.values_of(learns.online.state, obs)):
        torch.testing.assert_close(values, alone)
    assert torch.equal(learns.online.state, before)
    learns.online.statistics.add_(1.0)
    assert far(learns.values(obs), told[0]) > 1e-3  # a replay sees what has moved


@pytest.mark.parametrize("lanes", [1, 3])
def test_td_errors_are_those_of_acting_so_that_any_rows_will_do(lanes: int) -> None:
    learns = taught(learner(range(1, lanes + 1)), 16)
    batch = frozen(range(1, lanes + 1)).sample(7, 0)
    apart = [learns.row_td_error(lane_rows(batch, k)) for k in range(7)]
    torch.testing.assert_close(learns.row_td_error(batch), torch.cat(apart, 1))


def lane_rows(batch: Batch, k: int) -> Batch:
    """Row k of every lane."""
    return Batch._make([*(column[:, k : k + 1] for column in batch[:-1]), batch.size * 0 + 1])


def test_a_state_goes_round_with_its_statistics() -> None:
    trained, new = taught(learner()), learner((4, 5, 6))
    new.load_state_dict(trained.state_dict())
    assert torch.equal(new.online.statistics, trained.online.statistics)
    assert torch.equal(new.target.statistics, trained.target.statistics)
    assert torch.equal(new.values(torch.ones(3, 2, 4)), trained.values(torch.ones(3, 2, 4)))


def test_memory_that_runs_out_halves_a_batch_between_groups() -> None:
    learns, whole = learner(), learner()
    batch, take, tried = frozen().sample(80, 0), learns._source._take, list[int]()

    def small(piece: Batch, whole: Tensor, key: Tensor, on: Mask) -> Gradients:
        tried.append(piece.reward.shape[1])
        if tried[-1] > 32:
            raise MemoryError("none left")
        return take(piece, whole, key, on)

    learns._source._take = small
    for own in (learns, whole):
        own.update(batch)
    assert tried == [80, 48, 32, 32, 16]
    assert far(learns.online.statistics, whole.online.statistics) <= 1e-6


@pytest.mark.parametrize("sizes", [24, [32, 24, 16]])
def test_a_batch_that_cuts_through_a_group_is_refused(sizes: Any) -> None:
    learns, batch = learner(), frozen().sample(sizes, 0)
    for take in (learns.gradient, learns.update):
        call: Callable[[Batch], Tensor] = take
        with pytest.raises(DataError, match=r"^learner\.batch: expected multiples of 16 rows"):
            call(batch)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"micro_batch": 24}, r"^learner\.micro_batch: expected a multiple of .* 16 rows, got 24"),
        ({"noise_scale": NoiseScale()}, r"^learner\.noise_scale: expected a network whose rows do"),
        ({"checkpointing": True}, r"^learner\.checkpointing: .* got a network with batch statist"),
    ],
)
def test_what_does_not_go_with_statistics_is_refused(own: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        learner(**own)


class Twice(DQN):
    """Calls q with gradient on both ends of a transition."""

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        error = (q(batch.obs) - q(batch.next_obs)).sum(1)
        return RowLoss(error.square(), error.detach())


class Never(DQN):
    """Calls it on nothing."""

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        error = q_target(batch.obs).sum(1)
        return RowLoss(error, error.detach())


@pytest.mark.parametrize(("kind", "rows"), [(Twice, 32), (Never, 0)])
@pytest.mark.parametrize("lanes", [1, 2])
def test_a_loss_whose_statistics_would_not_be_its_batchs_is_refused(
    kind: Any, rows: int, lanes: int
) -> None:
    seeds = range(1, lanes + 1)
    learns = learner(seeds, kind(**dataclasses.asdict(NORMED)))
    message = rf"^agent\.loss: .* once, on the batch's own 16 rows, got calls on \[{rows}\] rows"
    with pytest.raises(ConfigError, match=message):
        learns.update(frozen(seeds).sample(16, 0))


class Mixed(DQN):
    """Layers with groups of their own."""

    def network(self, obs_space: Any, action_space: Any) -> nn.Module:
        other = dataclasses.replace(NORMED, norm_group=32)
        return nn.Sequential(
            *(own.network(obs, spaces.Discrete(4)) for own, obs in ((NORMED, OBS), (other, OBS)))
        )


def test_modules_that_differ_in_their_groups_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^agent\.network: expected the same group and momentum"):
        learner(agent=Mixed())


@pytest.mark.parametrize("norm", ["none", "layer"])
def test_without_batch_statistics_nothing_is_kept_and_any_cut_will_do(norm: Any) -> None:
    agent = dataclasses.replace(NORMED, norm=norm)
    whole, cut = learner(agent=agent), learner(agent=agent, micro_batch=7)
    assert whole.online.flat is whole.online.state
    batch = frozen().sample([20, 5, 13], 0)
    assert whole._source(batch, whole._key(), np.ones(3, np.bool_)).groups is None
    assert far(cut.gradient(batch), whole.gradient(batch)) <= 1e-6


def test_layer_norm_learns_the_same_cut_or_whole_together_or_alone() -> None:
    agent, sizes = dataclasses.replace(NORMED, norm="layer"), (20, 5, 9)
    whole = taught(learner(agent=agent), sizes)
    cut = taught(learner(agent=agent, micro_batch=7), sizes)
    assert far(cut.online.flat, whole.online.flat) <= 1e-5
    alone = taught(learner([1], agent), 20)
    assert far(whole.online.flat[0], alone.online.flat[0]) <= 1e-5
