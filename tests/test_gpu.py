"""A run on a CUDA device learns what it learns on the CPU."""

from __future__ import annotations

import pytest
import torch
from gymnasium import spaces

from agents.dqn import DQN
from envs.cartpole import CartPole
from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.train import Evaluation, Learn, Trainer, TrainSettings

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
]
BOX, MOVES = spaces.Box(-1.0, 1.0, (3,)), spaces.Discrete(2)


def filled(device: str) -> ReplayBuffer:
    buffer = ReplayBuffer(64, BOX, MOVES, lanes=2, device=device)
    draw = torch.Generator().manual_seed(0)
    obs, next_obs = (torch.rand((2, 50, 3), generator=draw) for _ in range(2))
    action = torch.randint(2, (2, 50), generator=draw)
    ended = torch.zeros((2, 50), dtype=torch.bool)
    buffer.add(obs, action, obs.sum(2), next_obs, ended, ended)
    return buffer


def test_batches_on_the_gpu_are_those_on_the_cpu() -> None:
    ours, theirs = filled("cpu").sample(16), filled("cuda").sample(16)
    assert all(torch.equal(a, b.cpu()) for a, b in zip(ours, theirs, strict=True))


def test_an_update_on_the_gpu_is_the_one_on_the_cpu() -> None:
    flats: list[torch.Tensor] = []
    for device in ("cpu", "cuda"):
        learner, buffer = Learner(DQN(), BOX, MOVES, seeds=[0, 1], device=device), filled(device)
        for _ in range(20):
            learner.update(buffer.sample(16))
        flats.append(learner.online.flat.cpu())
    assert (flats[0] - flats[1]).abs().max() < 1e-5


def test_a_run_with_tensor_environments_reaches_its_end_on_the_gpu() -> None:
    settings = TrainSettings(
        seeds=2,
        env_steps=300,
        learn=Learn(start=50),
        evaluate=Evaluation(every=1.0, final_episodes=2),
    )
    *_, last = Trainer(settings, DQN(), CartPole, device="cuda").records()
    assert len(last) == 4
