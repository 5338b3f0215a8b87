"""One size of update, and the learner and buffer that are timed at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from gymnasium import spaces

from agents.dqn import DQN
from rlbatch.learner import Learner
from rlbatch.replay import ReplayBuffer
from rlbatch.types import Batch

OBS, ACTIONS = 4, 2  # CartPole's
SPACES = spaces.Box(-1.0, 1.0, (OBS,)), spaces.Discrete(ACTIONS)
CHUNK = 1000  # rows an add, so that a filled buffer costs little beside its own memory

Call = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The sizes of one update."""

    lanes: int = 8
    rows: int = 128  # a lane
    hidden: tuple[int, ...] = (120, 84)  # units of each hidden layer

    @property
    def layers(self) -> list[tuple[int, int]]:
        """Inputs and outputs of each layer."""
        return list(pairwise((OBS, *self.hidden, ACTIONS)))


def learner_of(case: Case, compile: bool) -> Learner:
    """A learner with DQN's squared loss, Adam and a hard target."""
    agent = DQN(criterion="mse", hidden=case.hidden)
    return Learner(agent, *SPACES, seeds=range(case.lanes), compile=compile)


def updating(case: Case, compile: bool) -> Call:
    """One update, of a batch that lies ready."""
    learner, batch, on = learner_of(case, compile), batch_of(case), np.ones(case.lanes, np.bool_)
    return lambda: learner.update(batch, active=on)


def drawing(case: Case, capacity: int, compile: bool) -> Call:
    """One draw from a full buffer and the update of what was drawn."""
    learner, buffer = learner_of(case, compile), filled(case.lanes, capacity)
    on = np.ones(case.lanes, np.bool_)
    return lambda: learner.update(buffer.sample(case.rows), active=on)


def batch_of(case: Case) -> Batch:
    """Random rows `[L, B, ...]`, none of them padding."""
    shape, draw = (case.lanes, case.rows), torch.Generator().manual_seed(0)
    return Batch(
        obs=torch.randn(*shape, OBS, generator=draw),
        action=torch.randint(0, ACTIONS, shape, generator=draw),
        reward=torch.ones(shape),
        next_obs=torch.randn(*shape, OBS, generator=draw),
        discount=torch.full(shape, 0.99),
        weight=torch.ones(shape),
        row=torch.arange(case.rows).repeat(case.lanes, 1),
        size=torch.full((case.lanes,), case.rows),
    )


def filled(lanes: int, capacity: int) -> ReplayBuffer:
    """A buffer whose every row was written."""
    buffer = ReplayBuffer(capacity, *SPACES, lanes=lanes)
    draw, shape = np.random.default_rng(0), (lanes, CHUNK)
    obs = draw.uniform(-1.0, 1.0, (*shape, OBS)).astype(np.float32)
    action, reward = draw.integers(0, ACTIONS, shape), np.ones(shape, np.float32)
    ended = np.zeros(shape, np.bool_)
    for _ in range(-(-capacity // CHUNK)):
        buffer.add(obs, action, reward, obs, ended, ended)
    return buffer
