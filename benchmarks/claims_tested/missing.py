"""Claims that nothing here can test so far."""

from __future__ import annotations

from gymnasium import spaces
from torch import nn

from agents.dqn import DQN
from benchmarks.claims_tested.claim import Claim, Outcome
from benchmarks.claims_tested.warm import Setting
from rlbatch.contract import Space
from rlbatch.errors import ConfigError
from rlbatch.learner import Learner


class Normalised(DQN):
    """DQN with a batch-normalised network."""

    def network(self, obs_space: Space, action_space: Space) -> nn.Module:
        return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))


def measure_batch_norm(setting: Setting) -> Outcome:
    """Shows that the learner refuses running statistics, so that there is nothing to measure."""
    try:
        Learner(Normalised(), spaces.Box(-1.0, 1.0, (4,)), spaces.Discrete(2), seeds=[0])
    except ConfigError:
        return Outcome(without="the learner refuses networks with running statistics")
    return Outcome(without="the learner takes batch statistics now: write the measurement")


def measure_accumulation(setting: Setting) -> Outcome:
    """There is no accumulating update to hold against a whole one."""
    return Outcome(without="updates that accumulate over parts of a batch are to come")


BATCH_NORM = Claim(
    says="batch normalisation suffers below 4 rows",
    source="Ioffe 2017; Wu and He 2018",
    holds_where="to be written with the measurement",
    measure=measure_batch_norm,
)
ACCUMULATION = Claim(
    says="accumulation over small parts equals the large batch",
    source="any textbook",
    holds_where="to be written with the measurement",
    measure=measure_accumulation,
)
