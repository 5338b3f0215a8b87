"""Training's own returns are added up env by env, and told once."""

from __future__ import annotations

import numpy as np
import torch

from rlbatch.train.episodes import TrainingEpisodes
from rlbatch.types import Step


def step(
    reward: list[list[float]], terminated: list[list[int]], truncated: list[list[int]]
) -> Step:
    ends = [torch.tensor(x, dtype=torch.bool) for x in (terminated, truncated)]
    obs = torch.zeros(len(reward), len(reward[0]))
    return Step(obs, torch.tensor(reward), ends[0], ends[1], obs)


def test_each_env_has_its_own_sum_and_ends_either_way() -> None:
    episodes = TrainingEpisodes(2, 2)
    episodes.add(step([[1, 10], [100, 1000]], [[0, 0], [0, 0]], [[0, 0], [0, 0]]))
    episodes.add(step([[2, 20], [200, 2000]], [[1, 0], [0, 0]], [[0, 1], [0, 0]]))
    assert episodes.read() == [{"return": (3 + 30) / 2, "length": 2}, {}]


def test_an_ended_episode_leaves_nothing_to_the_next() -> None:
    episodes = TrainingEpisodes(1, 1)
    for reward in (1.0, 5.0):
        episodes.add(step([[reward]], [[1]], [[0]]))
    assert episodes.read() == [{"return": 3.0, "length": 1}]
    assert episodes.read() == [{}]


def test_an_episode_that_goes_on_is_told_whole_when_it_ends() -> None:
    episodes = TrainingEpisodes(1, 1)
    episodes.add(step([[1.0]], [[0]], [[0]]))
    assert episodes.read() == [{}]
    episodes.add(step([[2.0]], [[0]], [[1]]))
    assert episodes.read() == [{"return": 3.0, "length": 2}]


def test_a_reader_beside_is_told_the_same_and_at_its_own_pace() -> None:
    episodes = TrainingEpisodes(1, 1)
    reader = episodes.reader()
    for reward in (1.0, 5.0):
        episodes.add(step([[reward]], [[1]], [[0]]))
        assert episodes.read() == [{"return": reward, "length": 1}]
    assert reader.read() == [{"return": 3.0, "length": 1}]
    assert reader.read() == [{}]


def test_a_reader_that_comes_late_is_not_told_what_was_before() -> None:
    episodes = TrainingEpisodes(1, 1)
    episodes.add(step([[1.0]], [[1]], [[0]]))
    reader = episodes.reader()
    assert reader.read() == [{}]
    assert episodes.read() == [{"return": 1.0, "length": 1}]


def test_only_the_lanes_that_are_read_start_anew() -> None:
    episodes = TrainingEpisodes(2, 1)
    reader = episodes.reader()
    episodes.add(step([[1.0], [10.0]], [[1], [1]], [[0], [0]]))
    assert reader.read(np.array([True, False])) == [{"return": 1.0, "length": 1}, {}]
    episodes.add(step([[3.0], [30.0]], [[1], [1]], [[0], [0]]))
    assert reader.read(np.array([False, True])) == [{}, {"return": 20.0, "length": 1}]
    assert reader.read() == [{"return": 3.0, "length": 1}, {}]
