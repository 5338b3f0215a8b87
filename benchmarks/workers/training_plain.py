"""Trains a DQN with nothing but torch and NumPy: a second opinion on what the preset learns.

One loop, written from the preset and from Mnih et al. 2015 (https://doi.org/10.1038/nature14236)
without a look at any program's code; a time limit does not end the bootstrap.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.workers import training_preset as preset
from benchmarks.workers.training_gymnasium import Episodes, prepare
from benchmarks.workers.training_run import Run

OBS, ACTIONS = 4, 2


class Rows:
    """A ring of transitions."""

    def __init__(self) -> None:
        self.before = np.zeros((preset.CAPACITY, OBS), np.float32)
        self.after = np.zeros_like(self.before)
        self.action = np.zeros(preset.CAPACITY, np.int64)
        self.reward = np.zeros(preset.CAPACITY, np.float32)
        self.going = np.zeros(preset.CAPACITY, np.float32)  # 0 where the episode terminated
        self.written = 0

    def add(self, before: Any, action: int, reward: float, after: Any, terminated: bool) -> None:
        """Overwrites the oldest."""
        slot = self.written % preset.CAPACITY
        self.before[slot], self.after[slot] = before, after
        self.action[slot], self.reward[slot] = action, reward
        self.going[slot] = 0.0 if terminated else 1.0
        self.written += 1

    def draw(self, numbers: np.random.Generator) -> list[Tensor]:
        """Rows drawn uniformly with replacement."""
        held = min(self.written, preset.CAPACITY)
        picked = numbers.integers(0, held, preset.BATCH_SIZE)
        columns = self.before, self.action, self.reward, self.after, self.going
        return [torch.from_numpy(column[picked]) for column in columns]


def main() -> None:
    """Trains once."""
    run = Run()
    prepare(run)
    numbers = np.random.default_rng(run.seed)
    episodes, rows = Episodes(run), Rows()
    env = episodes.make()
    online, target = network(), network()
    target.load_state_dict(online.state_dict())
    adam = torch.optim.Adam(online.parameters(), lr=preset.LEARNING_RATE)
    obs, _ = env.reset(seed=run.seed)
    run.begin()
    for step in range(run.steps):
        if numbers.random() < epsilon(step, run.steps):
            action = int(numbers.integers(ACTIONS))
        else:
            with torch.no_grad():
                action = int(online(torch.from_numpy(obs)).argmax())
        after, reward, terminated, truncated, _ = env.step(action)
        rows.add(obs, action, float(reward), after, terminated)
        obs = env.reset()[0] if terminated or truncated else after
        taken = step + 1
        if taken > preset.LEARN_START and taken % preset.LEARN_EVERY == 0:
            learn(online, target, adam, rows.draw(numbers))
            if taken % preset.TARGET_EVERY == 0:
                target.load_state_dict(online.state_dict())
    run.end()
    run.report(run.steps, [episodes.returns])


def network() -> nn.Sequential:
    """Observations in, action values out."""
    layers: list[nn.Module] = []
    for wide, narrow in zip([OBS, *preset.HIDDEN], preset.HIDDEN, strict=False):
        layers += [nn.Linear(wide, narrow), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(preset.HIDDEN[-1], ACTIONS))


def epsilon(step: int, steps: int) -> float:
    """Falls in a straight line, then rests."""
    gone = min(1.0, step / (preset.EPSILON_FRACTION * steps))
    return preset.EPSILON_START + (preset.EPSILON_END - preset.EPSILON_START) * gone


def learn(
    online: nn.Module, target: nn.Module, adam: torch.optim.Optimizer, batch: list[Tensor]
) -> None:
    """One step down the mean squared TD error."""
    before, action, reward, after, going = batch
    with torch.no_grad():
        goal = reward + preset.GAMMA * going * target(after).amax(1)
    taken = online(before).gather(1, action[:, None])[:, 0]
    adam.zero_grad()
    (taken - goal).square().mean().backward()
    adam.step()


if __name__ == "__main__":
    main()
