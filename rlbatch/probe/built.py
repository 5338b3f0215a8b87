"""What the probe asks of a built experiment; the config room, one layer up, builds it."""

from __future__ import annotations

from typing import Protocol

import torch

from rlbatch.contract import Agent, MakeEnv
from rlbatch.train import TrainSettings


class Built(Protocol):
    """One experiment as objects."""

    @property
    def name(self) -> str:
        """Of the config file."""
        ...

    @property
    def train(self) -> TrainSettings:
        """What is trained."""
        ...

    @property
    def agent(self) -> Agent:
        """The learning rule."""
        ...

    @property
    def make_env(self) -> MakeEnv:
        """Builds the environments."""
        ...

    @property
    def per_lane(self) -> int:
        """Environments a lane trains in."""
        ...

    @property
    def device(self) -> torch.device:
        """Of the learner and of batched environments."""
        ...
