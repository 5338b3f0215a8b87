"""The second opinion is a DQN of the preset."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.workers import training_preset as preset
from benchmarks.workers.training_plain import Rows, epsilon, learn, network


def test_the_oldest_row_is_overwritten_and_the_held_are_drawn() -> None:
    rows, numbers = Rows(), np.random.default_rng(0)
    for n in range(preset.CAPACITY + 3):
        rows.add([n] * 4, n % 2, n, [n + 1] * 4, terminated=n % 5 == 0)
    drawn = [rows.draw(numbers) for _ in range(200)]
    before, action, reward, after, going = (torch.cat(own) for own in zip(*drawn, strict=True))
    assert reward.min() >= 3
    assert torch.equal(before[:, 0], reward)
    assert torch.equal(after[:, 3], reward + 1)
    assert torch.equal(action, reward.long() % 2)
    assert torch.equal(going == 0.0, reward % 5 == 0)


def test_only_rows_that_were_written_are_drawn() -> None:
    rows = Rows()
    rows.add([1.0] * 4, 1, 1.0, [1.0] * 4, terminated=False)
    assert (rows.draw(np.random.default_rng(0))[2] == 1.0).all()


def test_epsilon_is_that_of_the_preset() -> None:
    told = [epsilon(step, 1000) for step in (0, 250, 500, 999)]
    np.testing.assert_allclose(told, [1.0, 0.525, 0.05, 0.05])


def test_a_step_goes_by_the_target_and_leaves_it() -> None:
    torch.manual_seed(0)
    online, target = network(), network()
    sizes = [tuple(own.shape) for own in online.parameters()]
    assert sizes == [(120, 4), (120,), (84, 120), (84,), (2, 84), (2,)]
    rows, numbers = Rows(), np.random.default_rng(1)
    for _ in range(300):
        rows.add(numbers.random(4), int(numbers.integers(2)), 1.0, numbers.random(4), False)
    kept = [own.clone() for own in target.parameters()]
    adam = torch.optim.Adam(online.parameters(), lr=1e-2)
    for _ in range(300):
        learn(online, target, adam, rows.draw(numbers))
    assert all(torch.equal(a, b) for a, b in zip(kept, target.parameters(), strict=True))
    before, action, reward, after, going = rows.draw(numbers)
    with torch.no_grad():
        goal = reward + preset.GAMMA * going * target(after).amax(1)
        taken = online(before).gather(1, action[:, None])[:, 0]
    assert (taken - goal).square().mean() < 0.01
