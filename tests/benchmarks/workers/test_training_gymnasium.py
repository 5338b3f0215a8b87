"""Returns of episodes as they are written down beside a program that knows nothing of it."""

from __future__ import annotations

import gymnasium as gym

from benchmarks.workers.training_gymnasium import Watched


def test_the_return_of_an_episode_is_its_length_on_cartpole() -> None:
    returns: list[float] = []
    env = Watched(gym.make("CartPole-v1"), returns)
    lengths = []
    for seed in range(3):
        env.reset(seed=seed)
        steps, ended = 0, False
        while not ended:
            _, _, terminated, truncated, _ = env.step(1)
            steps, ended = steps + 1, terminated or truncated
        lengths.append(float(steps))
    assert returns == lengths


def test_a_reset_before_the_end_drops_what_was_gathered() -> None:
    returns: list[float] = []
    env = Watched(gym.make("CartPole-v1"), returns)
    env.reset(seed=0)
    env.step(1)
    env.reset(seed=0)
    steps = 1
    while not env.step(1)[2]:
        steps += 1
    assert returns == [float(steps)]
