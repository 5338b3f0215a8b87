"""A checkpoint's parameters: all lanes as a learner, one lane as a plain module."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from rlbatch.compare.built import Built
from rlbatch.contract import Agent, Space
from rlbatch.learner import Learner
from rlbatch.train import checkpoint


class Restored(NamedTuple):
    """A checkpoint, ready to act and to be taken apart."""

    agent: Agent
    learner: Learner  # L lanes
    obs_space: Space
    action_space: Space

    @property
    def finite(self) -> list[bool]:
        """Of each lane: is every parameter and statistic a finite number?"""
        told: list[bool] = self.learner.online.state.isfinite().all(1).tolist()
        return told


def restore(built: Built, run: Path, name: str) -> Restored:
    """The parameters of all lanes that a run kept.

    Args:
        built: what the run's config says.
        run: the run folder.
        name: final, best or step_<n>.

    Raises:
        FileError: no such checkpoint, or one of another network or number of lanes.
    """
    seeds = built.train.lane_seeds
    env = built.make_env(seeds=seeds[:1], per_lane=1, device=built.device)
    spaces = env.obs_space, env.action_space
    learner = Learner(built.agent, *spaces, seeds=seeds, device=built.device)
    checkpoint.load(run, name, learner.online)
    return Restored(built.agent, learner, *spaces)


def lane_network(restored: Restored, lane: int) -> nn.Module:
    """One lane as the agent's own network: hooks and second derivatives work without vmap.

    A copy: nothing done to it reaches the learner. It is evaluated as it acts: rows do not see each
    other, also where gradients are asked for.
    """
    online = restored.learner.online
    with torch.random.fork_rng(devices=[]):
        network = restored.agent.network(restored.obs_space, restored.action_space)
    own = {name: view[lane] for name, view in online.named_views(online.state).items()}
    network.to(online.flat.device).load_state_dict(own)
    return network.eval()
