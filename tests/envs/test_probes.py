"""Learners reach the Q values that are known. Each probe sees one fault."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from agents.dqn import DQN
from envs.probes import Endless, TwoStep
from rlbatch.contract import VectorEnv
from rlbatch.learner import HardTarget, Learner, LearnerSettings, PolyakTarget
from rlbatch.replay import ReplayBuffer

CPU = torch.device("cpu")
SEEDS = [1, 2]
GAMMA = 0.9
BOTH_ROOMS = torch.tensor(TwoStep.q_values(GAMMA))
ENDLESS = torch.tensor(Endless.q_values(GAMMA))


def experience(env: VectorEnv, steps: int = 40) -> ReplayBuffer:
    """What two lanes of one environment meet, each action in turn in every room."""
    buffer = ReplayBuffer(100, env.obs_space, env.action_space, len(SEEDS), gamma=GAMMA)
    obs = env.reset()
    for t in range(steps):
        action = torch.full(obs.shape[:2], t // 2 % 2)
        step = env.step(action)
        end = step.terminated, step.truncated
        buffer.add(obs, action, step.reward, step.next_obs, *end)
        obs = step.obs
    return buffer


def learned(env: VectorEnv, agent: DQN, settings: LearnerSettings, updates: int) -> Tensor:
    """Values `[L, rooms, A]` after so many updates."""
    buffer, spaces = experience(env), (env.obs_space, env.action_space)
    learner = Learner(agent, *spaces, seeds=SEEDS, settings=settings)
    for update in range(updates):
        learner.update(buffer.sample(32), env_step=update)
    rooms = torch.arange(int(getattr(env.obs_space, "n", 1)))
    return learner.values(rooms.expand(len(SEEDS), -1))


def made(probe: Any) -> Any:
    return probe(seeds=SEEDS, per_lane=1, device=CPU)


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("dueling", [False, True])
def test_two_steps_are_valued_as_known(double: bool, dueling: bool) -> None:
    # Nothing here is random but the draw, so the error dies out: at most 3e-5 over 12 seeds.
    # Forgetting γ, or bootstrapping past the end, is off by at least 0.1.
    agent = DQN(double=double, dueling=dueling, hidden=(16,) if dueling else ())
    settings = LearnerSettings(lr=0.02, target=PolyakTarget(tau=0.1))
    assert (learned(made(TwoStep), agent, settings, 400) - BOTH_ROOMS).abs().max() <= 5e-3


def test_a_hard_target_gets_there_too() -> None:
    settings = LearnerSettings(lr=0.02, target=HardTarget(period=50))
    assert (learned(made(TwoStep), DQN(hidden=()), settings, 400) - BOTH_ROOMS).abs().max() <= 5e-3


def test_an_endless_room_is_valued_beyond_its_time_limit() -> None:
    # Q = 10. The target's error shrinks by 1 − τ(1 − γ) = 0.95 an update, so 400 leave 1e-8 of
    # it; measured 1e-5 over 12 seeds. Taking the limit for an end gives (1 − γ⁵) / (1 − γ) = 4.1.
    settings = LearnerSettings(lr=0.1, target=PolyakTarget(tau=0.5))
    assert (learned(made(Endless), DQN(hidden=()), settings, 400) - ENDLESS).abs().max() <= 1e-2


def test_two_step_pays_in_room_one_for_action_one_alone() -> None:
    env = made(TwoStep)
    assert env.reset().tolist() == [[0], [0]]
    first = env.step(torch.tensor([[1], [0]]))
    second = env.step(torch.tensor([[1], [0]]))
    assert (first.reward.tolist(), second.reward.tolist()) == ([[0], [0]], [[1], [0]])
    assert (first.terminated.any().item(), second.terminated.all().item()) == (False, True)
    assert first.obs.tolist() == first.next_obs.tolist() == [[1], [1]]
    assert second.obs.tolist() == [[0], [0]]


def test_endless_is_cut_every_five_steps_and_never_ends() -> None:
    env = made(Endless)
    env.reset()
    steps = [env.step(torch.zeros(2, 1, dtype=torch.int64)) for _ in range(10)]
    assert [step.truncated.all().item() for step in steps] == [False, False, False, False, True] * 2
    assert not any(step.terminated.any() for step in steps)
    assert all((step.reward == 1.0).all() for step in steps)


@pytest.mark.parametrize("probe", [TwoStep, Endless])
def test_probes_are_vector_envs_and_a_reset_begins_again(probe: Any) -> None:
    env = made(probe)
    assert isinstance(env, VectorEnv)
    first = env.reset().clone()
    for _ in range(3):
        env.step(torch.zeros(2, 1, dtype=torch.int64))
    assert torch.equal(env.reset(), first)
    assert env.step(torch.zeros(2, 1, dtype=torch.int64)).truncated.any().item() is False
