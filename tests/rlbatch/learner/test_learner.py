"""A lane learns what it would learn alone, and what the formulas say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import Tensor, nn

from agents.dqn import DQN
from rlbatch.contract import QFn
from rlbatch.errors import ConfigError, DataError
from rlbatch.learner import AdamSettings, HardTarget, Learner, LearnerSettings, PolyakTarget
from rlbatch.learner import SGDSettings as SGD
from rlbatch.replay import ReplayBuffer
from rlbatch.seeding import Purpose, bits
from rlbatch.types import Batch, RowLoss

OBS = spaces.Box(-np.inf, np.inf, (4,), np.float32)
ACTIONS = spaces.Discrete(3)
SMALL = DQN(hidden=(8,))
PLAIN_SGD = LearnerSettings(lr=1.0, optimizer=SGD())


def learner(
    seeds: Sequence[int] = (1, 2, 3),
    settings: LearnerSettings | None = None,
    agent: Any = SMALL,
) -> Learner:
    return Learner(agent, OBS, ACTIONS, seeds=seeds, settings=settings)


def frozen(seeds: Sequence[int] = (1, 2, 3)) -> ReplayBuffer:
    """A buffer of 100 rows a lane; a lane's rows and draws depend on its seed alone."""
    buffer = ReplayBuffer(100, OBS, ACTIONS, len(seeds), seed=seeds, gamma=0.9)
    draw = [np.random.default_rng(seed) for seed in seeds]
    obs, next_obs = (np.stack([d.normal(size=(100, 4)) for d in draw]) for _ in range(2))
    action = np.stack([d.integers(3, size=100) for d in draw])
    reward = np.stack([d.normal(size=100) * 2 for d in draw])
    ended = np.stack([d.random(100) < 0.2 for d in draw])
    buffer.add(obs, action, reward, next_obs, ended, ended & False)
    return buffer


def lane(batch: Batch, k: int, rows: slice) -> Batch:
    """Some of lane k's rows, as the batch of one lane."""
    columns = [column[k : k + 1, rows] for column in batch[:-1]]
    return Batch._make([*columns, torch.full((1,), columns[0].shape[1])])


def clone(batch: Batch) -> Batch:
    return Batch(*(column.clone() for column in batch))


def state_of(learner: Learner, k: int) -> dict[str, Tensor]:
    """All that lane k remembers but the count of its updates."""
    kept = {name: value[k].clone() for name, value in learner.state_dict().items()}
    return {name: kept[name] for name in kept if name not in ("diverged", "updates", "synced")}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Equal to the bit?"""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def far(one: Tensor, other: Tensor) -> float:
    """Distance relative to the size of the second."""
    return float((one - other).norm() / other.norm())


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("dueling", [False, True])
@pytest.mark.parametrize("criterion", ["huber", "mse"])
def test_a_lane_learns_what_it_would_learn_alone(
    double: bool, dueling: bool, criterion: Any
) -> None:
    agent = DQN(double=double, dueling=dueling, criterion=criterion, hidden=(16, 8))
    settings = LearnerSettings(lr=1e-3, clip_norm=5.0, target=HardTarget(period=10))

    def trained(*seeds: int) -> Learner:
        buffer, learns = frozen(seeds), learner(seeds, settings, agent)
        for update in range(100):
            learns.update(buffer.sample(16), env_step=update)
        return learns

    together = trained(4, 5, 6, 7)
    for k, seed in enumerate((4, 5, 6, 7)):
        alone = trained(seed)
        assert (together.online.flat[k] - alone.online.flat[0]).abs().max() <= 1e-5
        assert (together.target.flat[k] - alone.target.flat[0]).abs().max() <= 1e-5


def test_lanes_of_unlike_sizes_learn_what_they_would_learn_alone() -> None:
    settings = LearnerSettings(lr=1e-3, target=PolyakTarget(tau=0.1))
    buffer, together = frozen(), learner(settings=settings)
    alone = [learner([seed], settings) for seed in (1, 2, 3)]
    for update in range(50):
        batch = buffer.sample([2, 16, 1 + update % 7], update)
        together.update(batch)
        for k, own in enumerate(alone):
            own.update(lane(batch, k, slice(int(batch.size[k]))))
    for k, own in enumerate(alone):
        assert (together.online.flat[k] - own.online.flat[0]).abs().max() <= 1e-5


def test_the_gradient_does_not_depend_on_padding() -> None:
    learns, buffer = learner(), frozen()
    tight = learns.gradient(buffer.sample(5, 0))
    for sizes, k in (([5, 40, 1], 0), ([64, 5, 2], 1), ([9, 0, 5], 2)):
        assert far(learns.gradient(buffer.sample(sizes, 0))[k], tight[k]) <= 1e-6


def test_the_gradient_does_not_depend_on_what_padding_holds() -> None:
    learns, batch = learner(), clone(frozen().sample([5, 9, 2], 0))
    before, padding = learns.gradient(batch), batch.row < 0
    for column in (batch.obs, batch.reward, batch.next_obs, batch.discount):
        column[padding] = 1e3
    assert torch.equal(learns.gradient(batch), before)


def test_the_gradient_is_the_mean_over_the_lanes_own_rows() -> None:
    learns, batch = learner(), frozen().sample(3, 0)
    rows = [[lane(batch, k, slice(b, b + 1)) for b in range(3)] for k in range(3)]
    for k, seed in enumerate((1, 2, 3)):
        mean = torch.stack([learner([seed]).gradient(row) for row in rows[k]]).mean(0)
        assert far(learns.gradient(batch)[k], mean[0]) <= 1e-6


def test_the_gradient_is_that_of_plain_autograd() -> None:
    learns, batch = learner([2]), frozen([2]).sample(8, 0)
    network = SMALL.network(OBS, ACTIONS)
    torch.nn.utils.vector_to_parameters(learns.online.flat[0], network.parameters())
    own = Batch(*(column[0] for column in batch))
    SMALL.loss(network, network, own, torch.tensor(0)).loss.mean().backward()  # type: ignore[no-untyped-call]
    wanted = torch.cat([p.grad.reshape(-1) for p in network.parameters() if p.grad is not None])
    assert far(learns.gradient(batch)[0], wanted) <= 1e-6


def test_importance_weights_scale_each_rows_share() -> None:
    learns, batch = learner(), frozen().sample(2, 0)
    first = learns.gradient(batch._replace(weight=torch.tensor([[1.0, 0.0]] * 3)))
    second = learns.gradient(batch._replace(weight=torch.tensor([[0.0, 1.0]] * 3)))
    mixed = learns.gradient(batch._replace(weight=torch.tensor([[0.5, 2.0]] * 3)))
    assert far(mixed, 0.5 * first + 2.0 * second) <= 1e-6


def test_an_update_steps_against_the_gradient_of_each_lane() -> None:
    learns, batch = learner(settings=PLAIN_SGD), frozen().sample(8, 0)
    before, gradient = learns.online.flat.clone(), learns.gradient(batch)
    learns.update(batch, lr=[0.1, 0.2, 0.3])
    step = gradient * torch.tensor([0.1, 0.2, 0.3])[:, None]
    assert torch.allclose(learns.online.flat, before - step, atol=1e-7)


def test_without_a_rate_the_settings_own_is_used_again() -> None:
    learns, batch = learner(settings=PLAIN_SGD), frozen().sample(8, 0)
    learns.update(batch, lr=0.0)
    before, gradient = learns.online.flat.clone(), learns.gradient(batch)
    learns.update(batch)
    assert torch.allclose(learns.online.flat, before - gradient, atol=1e-7)


def test_a_list_of_rates_is_read_at_every_update() -> None:
    learns, batch, rates = learner(settings=PLAIN_SGD), frozen().sample(8, 0), [0.1, 0.1, 0.1]
    learns.update(batch, lr=rates)
    kept = learns.online.flat[1].clone()
    rates[1] = 0.0
    learns.update(batch, lr=rates)
    assert torch.equal(learns.online.flat[1], kept)


def test_the_norm_of_each_lane_is_clipped_on_its_own() -> None:
    settings = LearnerSettings(lr=1.0, optimizer=SGD(), clip_norm=2.0)
    learns = learner(settings=settings, agent=DQN(hidden=(8,), criterion="mse"))
    batch = clone(frozen().sample(8, 0))
    batch.reward[0] *= 1000.0
    batch.reward[2] *= 0.0
    before, gradient = learns.online.flat.clone(), learns.gradient(batch)
    norms = gradient.norm(dim=1)
    assert norms[0] > 100.0
    assert norms[2] < 2.0
    learns.update(batch)
    step, share = before - learns.online.flat, (2.0 / norms).clamp(max=1.0)
    assert torch.allclose(step, gradient * share[:, None], atol=1e-5)
    assert step[0].norm().item() == pytest.approx(2.0, rel=1e-4)


@pytest.mark.parametrize("target", [PolyakTarget(tau=0.5), HardTarget(period=1)])
@pytest.mark.parametrize("optimizer", [AdamSettings(), SGD(momentum=0.9)])
@pytest.mark.parametrize("told", ["by active", "by size", "by both"])
def test_an_idle_lane_stays_as_it_was_to_the_bit(target: Any, optimizer: Any, told: str) -> None:
    learns = learner(settings=LearnerSettings(lr=0.1, optimizer=optimizer, target=target))
    buffer = frozen()
    for update in range(3):
        learns.update(buffer.sample(8), env_step=update)
    before, others = state_of(learns, 1), [state_of(learns, k) for k in (0, 2)]
    batch = buffer.sample([8, 8 if told == "by active" else 0, 8])
    active = None if told == "by size" else np.array([True, False, True])
    learns.update(batch, active=active, env_step=9)
    assert same(state_of(learns, 1), before)
    assert learns.updates.tolist() == [4, 3, 4]
    assert not any(map(same, (state_of(learns, k) for k in (0, 2)), others))
    assert not learns.diverged.any()


def test_a_lane_that_was_idle_goes_on_as_if_nothing_had_been() -> None:
    buffer, settings = frozen(), LearnerSettings(lr=1e-2, target=PolyakTarget(tau=0.1))
    pausing, steady = learner(settings=settings), learner(settings=settings)
    for update in range(12):
        batch, on = buffer.sample(8, update), update % 3 == 0
        pausing.update(batch, active=np.array([True, on, True]))
        if on:
            steady.update(batch)
    assert same(state_of(pausing, 1), state_of(steady, 1))
    assert not same(state_of(pausing, 0), state_of(steady, 0))


def test_a_single_lane_may_be_idle_too() -> None:
    learns, buffer = learner([4]), frozen([4])
    learns.update(buffer.sample(8))
    before = state_of(learns, 0)
    learns.update(buffer.sample(8), active=np.array([False]))
    assert same(state_of(learns, 0), before)
    assert learns.updates.tolist() == [1]


@pytest.mark.parametrize("column", ["obs", "reward", "next_obs", "weight"])
@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_a_nan_in_one_lane_leaves_it_as_it_was_and_does_not_reach_the_others(
    column: str, clip_norm: float | None
) -> None:
    settings = LearnerSettings(lr=0.1, clip_norm=clip_norm, target=PolyakTarget(tau=0.5))
    sick, sound, buffer = learner(settings=settings), learner(settings=settings), frozen()
    for learns in (sick, sound):
        learns.update(buffer.sample(8, 0))
    before, batch = state_of(sick, 1), clone(buffer.sample(8, 1))
    sound.update(batch)
    getattr(batch, column)[1, 3] = torch.nan
    sick.update(batch)
    assert sick.diverged.tolist() == [False, True, False]
    assert same(state_of(sick, 1), before)
    assert all(same(state_of(sick, k), state_of(sound, k)) for k in (0, 2))


def test_a_lane_once_diverged_stays_marked() -> None:
    learns, batch = learner(), clone(frozen().sample(8, 0))
    batch.reward[2] = torch.nan
    learns.update(batch)
    learns.update(frozen().sample(8, 1))
    assert learns.diverged.tolist() == [False, False, True]


def test_an_idle_lane_cannot_diverge() -> None:
    learns, batch = learner(), clone(frozen().sample(8, 0))
    batch.reward[1] = torch.nan
    learns.update(batch, active=np.array([True, False, True]))
    assert learns.diverged.tolist() == [False, False, False]


def test_the_target_starts_as_a_copy_and_not_as_the_same_tensor() -> None:
    learns = learner()
    assert torch.equal(learns.target.flat, learns.online.flat)
    learns.update(frozen().sample(8), env_step=1)
    assert not torch.equal(learns.target.flat, learns.online.flat)


def test_a_hard_target_is_copied_when_the_env_steps_pass_a_multiple_of_the_period() -> None:
    learns, buffer = learner(settings=LearnerSettings(target=HardTarget(period=10))), frozen()
    copied = []
    for env_step in (4, 9, 10, 12, 25, 29, 30, 30, 31):
        learns.update(buffer.sample(8), env_step=env_step)
        copied.append(torch.equal(learns.target.flat, learns.online.flat))
    assert copied == [False, False, True, False, True, False, True, False, False]


def test_each_lane_has_its_own_target_clock() -> None:
    learns = learner(settings=LearnerSettings(target=HardTarget(period=10)))
    learns.update(frozen().sample(8), env_step=np.array([9, 10, 11]))
    copied = [torch.equal(learns.target.flat[k], learns.online.flat[k]) for k in range(3)]
    assert copied == [False, True, True]


def test_a_lane_that_was_idle_at_the_copy_takes_it_when_it_is_back() -> None:
    learns, buffer = learner(settings=LearnerSettings(target=HardTarget(period=10))), frozen()
    learns.update(buffer.sample(8), env_step=10, active=np.array([True, False, True]))
    learns.update(buffer.sample(8), env_step=12)
    copied = [torch.equal(learns.target.flat[k], learns.online.flat[k]) for k in range(3)]
    assert copied == [False, True, False]


def test_a_polyak_target_moves_by_tau_after_every_update() -> None:
    learns = learner(settings=LearnerSettings(lr=0.1, target=PolyakTarget(tau=0.25)))
    for _ in range(3):
        before = learns.target.flat.clone()
        learns.update(frozen().sample(8))
        wanted = before + 0.25 * (learns.online.flat - before)
        assert torch.allclose(learns.target.flat, wanted, atol=1e-7)


def test_two_seeds_differ_and_one_seed_repeats() -> None:
    start = learner([5, 6, 5]).online.flat
    assert torch.equal(start[0], start[2])
    assert not torch.equal(start[0], start[1])
    assert torch.equal(start[1], learner([6]).online.flat[0])


def test_initial_weights_neither_ask_torchs_generator_nor_move_it() -> None:
    torch.manual_seed(0)
    first = learner().online.flat
    drawn = torch.rand(1)
    assert torch.equal(first, learner().online.flat)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(1))


def test_values_are_those_of_each_lanes_own_network() -> None:
    learns, obs = learner(), torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(1))
    values = learns.values(obs)
    assert values.shape == (3, 2, 3)
    assert not values.requires_grad
    for k, seed in enumerate((1, 2, 3)):
        alone = learner([seed]).values(obs[k : k + 1])
        assert torch.allclose(values[k], alone[0], atol=1e-6)


@pytest.mark.parametrize("dueling", [False, True])
@pytest.mark.parametrize(
    "space", [spaces.Discrete(4), spaces.Box(0, 255, (2, 2), np.uint8)], ids=["rooms", "images"]
)
def test_values_stay_right_however_often_and_in_whatever_shape_they_are_asked(
    space: Any, dueling: bool
) -> None:
    agent = DQN(dueling=dueling, hidden=(8,))
    together, *alone = (Learner(agent, space, ACTIONS, seeds=s) for s in ([1, 2], [1], [2]))
    for ask in range(12):
        space.seed(ask)
        sampled = np.stack([space.sample() for _ in range(2 + 2 * (ask % 2))])
        obs = torch.from_numpy(sampled).reshape(2, -1, *space.shape)
        wanted = torch.cat([own.values(obs[k : k + 1]) for k, own in enumerate(alone)])
        assert torch.allclose(together.values(obs), wanted, rtol=1e-5, atol=1e-5)
        for learns in (together, *alone):  # as an update does, in place
            learns.online.flat.mul_(0.9)


@pytest.mark.parametrize("seeds", [[1], [1, 2, 3]])
def test_values_follow_the_updates(seeds: list[int]) -> None:
    learns, obs = learner(seeds), torch.ones(len(seeds), 1, 4)
    before = learns.values(obs)
    learns.update(frozen(seeds).sample(8))
    assert (learns.values(obs) != before).any(2).all()


@pytest.mark.parametrize("seeds", [[1], [1, 2, 3]])
@pytest.mark.parametrize("target", [HardTarget(period=3), PolyakTarget(tau=0.1)])
def test_a_loaded_learner_goes_on_as_if_it_had_never_been_away(
    seeds: list[int], target: Any
) -> None:
    settings, buffer = LearnerSettings(lr=1e-2, target=target), frozen(seeds)
    one, other = learner(seeds, settings), learner(seeds, settings)
    for update in range(5):
        one.update(buffer.sample(8, update), env_step=update)
    other.load_state_dict(one.state_dict())
    for update in range(5, 12):
        for learns in (one, other):
            learns.update(buffer.sample(8, update), env_step=update)
    assert same(one.state_dict(), other.state_dict())
    assert torch.equal(
        one.values(torch.ones(len(seeds), 1, 4)), other.values(torch.ones(len(seeds), 1, 4))
    )


def test_a_state_does_not_change_with_the_learner_it_was_taken_from() -> None:
    learns, buffer = learner(), frozen()
    learns.update(buffer.sample(8))
    state = learns.state_dict()
    kept = {name: value.clone() for name, value in state.items()}
    learns.update(buffer.sample(8), env_step=999)
    assert same(state, kept)


def test_a_state_of_another_learner_is_refused_and_changes_nothing() -> None:
    learns = learner()
    before = learns.state_dict()
    for other in (learner([1, 2]), learner(agent=DQN(hidden=(9,)))):
        with pytest.raises(DataError, match=r"^learner\.online: expected shape \(3, 67\), got "):
            learns.load_state_dict(other.state_dict())
    assert same(learns.state_dict(), before)


@pytest.mark.parametrize("batch_lanes", [2, None])
def test_a_batch_of_other_lanes_is_refused(batch_lanes: int | None) -> None:
    batch = frozen([1, 2]).sample(8)
    if batch_lanes is None:
        batch = Batch(*(column[0] for column in batch))
    with pytest.raises(DataError, match=r"^learner\.batch: expected \[3, B\] rows, got \("):
        learner().update(batch)


def test_a_learner_without_lanes_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^learner\.seeds: expected at least 1 lane, got 0\."):
        learner([])


def test_meters_tell_the_loss_the_error_and_the_norm_before_clipping() -> None:
    learns = learner(settings=LearnerSettings(clip_norm=1e-3))
    batch = frozen().sample([8, 4, 2], 0)
    gradient = learns.gradient(batch)
    alone = [Batch(*(c[0] for c in lane(batch, k, slice(int(batch.size[k]))))) for k in range(3)]
    losses = [SMALL.loss(*networks(learns, k), own, torch.tensor(0)) for k, own in enumerate(alone)]
    learns.update(batch)
    for k, told in enumerate(learns.meters.read()):
        assert told["loss"] == pytest.approx(losses[k].loss.mean().item(), rel=1e-5)
        assert told["td_error"] == pytest.approx(losses[k].td_error.abs().mean().item(), rel=1e-5)
        assert told["grad_norm"] == pytest.approx(gradient[k].norm().item(), rel=1e-5)


def networks(learns: Learner, k: int) -> tuple[nn.Module, nn.Module]:
    """Lane k's online and target network as ordinary modules."""
    pair = SMALL.network(OBS, ACTIONS), SMALL.network(OBS, ACTIONS)
    for network, stacked in zip(pair, (learns.online, learns.target), strict=True):
        torch.nn.utils.vector_to_parameters(stacked.flat[k], network.parameters())
    return pair


@dataclass(frozen=True)
class KeyAgent:
    """Its td_error is the key it was given, as far as a float tells."""

    normed: bool = False

    def network(self, obs_space: Any, action_space: Any) -> nn.Module:
        return nn.Sequential(nn.Linear(4, 3), *[nn.BatchNorm1d(3)] * self.normed)

    def loss(self, q: QFn, q_target: QFn, batch: Batch, key: Tensor) -> RowLoss:
        told = key % 10_007 + 0.0 * batch.reward
        return RowLoss(q(batch.obs).square().sum(1), told)

    def values(self, output: Tensor) -> Tensor:
        return output


@pytest.mark.parametrize("seeds", [[7], [5, 6, 7]])
def test_the_key_depends_on_the_lanes_seed_and_its_count_of_updates(seeds: list[int]) -> None:
    learns, batch = learner(seeds, agent=KeyAgent()), frozen(seeds).sample(4)
    for update in range(3):
        learns.update(batch)
        word = bits(7, Purpose.LOSS, update, 1).view(np.int64)[0]
        assert learns.meters.read()[-1]["td_error"] == pytest.approx(word % 10_007, rel=1e-6)


def test_a_network_with_running_statistics_is_refused() -> None:
    message = r"^agent\.network: expected parameters, and what .*, got buffers \[.*running_mean"
    with pytest.raises(ConfigError, match=message):
        learner(agent=KeyAgent(normed=True))
