"""Export by hand: observation n is n, and step t of an episode goes from t to t + 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from rlbatch.errors import ConfigError
from rlbatch.replay import Episode, ReplayBuffer, export_episodes, import_episodes

LINE = spaces.Box(-np.inf, np.inf, (1,), np.float32)
NINE = spaces.Discrete(9)
ROOM = spaces.Dict({"near": spaces.Box(0, 255, (2,), np.uint8), "at": spaces.Discrete(99)})


def taking(*steps: str, capacity: int = 9, **keywords: Any) -> ReplayBuffer:
    """A buffer given steps, one text a call, one word an environment.

    "3" goes from 3 to 4 with action 3 % 9 and reward 3.5, "3t" terminates, "3c" is cut by a time
    limit, "3x" does not count, "x" is a pause.
    """
    buffer = ReplayBuffer(capacity, LINE, NINE, **keywords)
    for words in map(str.split, steps):
        n = np.array([int("0" + word.rstrip("tcx")) for word in words])
        obs = n[:, None].astype(np.float32)
        final, cut, left_out = (np.array([flag in word for word in words]) for flag in "tcx")
        buffer.add(obs, n % 9, n + 0.5, obs + 1, final, cut, ~left_out)
    return buffer


def told(episodes: list[Episode]) -> list[tuple[list[int], str]]:
    """Observations, and "t", "c" or "" for how each episode ends."""
    return [(e.obs[:, 0].tolist(), "t" * e.terminated + "c" * e.truncated) for e in episodes]


def test_an_episode_has_one_observation_more_than_steps() -> None:
    (episode,) = export_episodes(taking("3", "4", "5t"))
    assert episode.obs.tolist() == [[3.0], [4.0], [5.0], [6.0]]
    assert episode.action.tolist() == [3, 4, 5]
    assert episode.reward.tolist() == [3.5, 4.5, 5.5]
    assert episode[0] == 0
    assert episode[-2:] == (True, False)
    dtypes = [column.dtype for column in (episode.obs, episode.action, episode.reward)]
    assert dtypes == [np.float32, np.int64, np.float32]


def test_episodes_end_by_termination_or_time_limit_or_go_on() -> None:
    buffer = taking("0", "1t", "5", "6c", "2", "3")
    assert told(export_episodes(buffer)) == [
        ([0, 1, 2], "t"),
        ([5, 6, 7], "c"),
        ([2, 3, 4], ""),
    ]


def test_an_end_of_both_kinds_comes_as_termination() -> None:
    assert told(export_episodes(taking("0", "1tc"))) == [([0, 1, 2], "t")]


def test_an_end_that_no_row_has_is_a_time_limit() -> None:
    assert told(export_episodes(taking("0", "1", "5cx", "7"))) == [([0, 1, 2], "c"), ([7, 8], "")]


def test_interleaved_environments_come_apart_in_the_order_in_which_they_began() -> None:
    buffer = taking("0 50", "1c 51", "20 52t", "21 70")
    assert told(export_episodes(buffer)) == [
        ([0, 1, 2], "c"),
        ([50, 51, 52, 53], "t"),
        ([20, 21, 22], ""),
        ([70, 71], ""),
    ]


def test_a_pause_within_an_episode_leaves_no_gap() -> None:
    assert told(export_episodes(taking("0 50", "x 51", "1t 52"))) == [
        ([0, 1, 2], "t"),
        ([50, 51, 52, 53], ""),
    ]


def test_of_an_episode_that_is_overwritten_in_part_what_is_left_comes() -> None:
    buffer = taking("0", "1", "2t", "50", "51", capacity=4)
    assert told(export_episodes(buffer)) == [([1, 2, 3], "t"), ([50, 51, 52], "")]


def test_other_environments_than_before_begin_episodes_of_their_own() -> None:
    assert told(export_episodes(taking("0", "1", "2 50"))) == [
        ([0, 1, 2], "c"),
        ([2, 3], ""),
        ([50, 51], ""),
    ]


def test_episodes_held_out_come_where_they_began() -> None:
    buffer = taking("0t", "10t", "20t", "30", "31", capacity=6, validation=2)
    assert buffer.stored(held_out=True).tolist() == [3]
    assert told(export_episodes(buffer)) == [
        ([0, 1], "t"),
        ([10, 11], "t"),
        ([20, 21], "t"),
        ([30, 31, 32], ""),
    ]


def test_lanes_come_one_after_the_other_or_alone() -> None:
    buffer = ReplayBuffer(4, LINE, NINE, lanes=2)
    for n in range(2):
        obs = np.array([[[n]], [[10 + n]]], np.float32)
        ends = np.zeros((2, 1), bool), np.array([[n == 1], [False]])
        buffer.add(obs, np.zeros((2, 1), int), obs[..., 0], obs + 1, *ends)
    assert told(export_episodes(buffer)) == [([0, 1, 2], "c"), ([10, 11, 12], "")]
    assert [episode.lane for episode in export_episodes(buffer)] == [0, 1]
    assert told(export_episodes(buffer, lane=1)) == [([10, 11, 12], "")]
    assert export_episodes(buffer, lane=1)[0].lane == 1


def test_a_long_episode_comes_whole() -> None:
    buffer = taking(*map(str, range(2500)), capacity=3000)
    (episode,) = export_episodes(buffer)
    assert np.array_equal(episode.obs[:, 0], np.arange(2501))


def test_nested_observations_come_nested() -> None:
    buffer = ReplayBuffer(4, ROOM, NINE)
    for n in range(2):
        obs, after = ({"near": np.array([[n + k, 7]], np.uint8), "at": [n + k]} for k in (0, 1))
        buffer.add(obs, [n], [1.0], after, [False], [False])
    (episode,) = export_episodes(buffer)
    assert list(episode.obs) == list(ROOM.spaces)
    assert episode.obs["near"].tolist() == [[0, 7], [1, 7], [2, 7]]
    assert episode.obs["at"].tolist() == [0, 1, 2]
    assert episode.obs["near"].dtype == np.uint8


def test_what_is_exported_is_the_callers_own() -> None:
    buffer = taking("0", "1")
    (episode,) = export_episodes(buffer)
    episode.obs[:], episode.action[:], episode.reward[:] = 9, 9, 9
    assert told(export_episodes(buffer)) == [([0, 1, 2], "")]


def test_an_empty_buffer_has_no_episodes() -> None:
    assert export_episodes(taking()) == []
    assert export_episodes(taking(validation=2)) == []


def test_what_np_savez_keeps_is_an_episode_again(tmp_path: Path) -> None:
    (episode,) = export_episodes(taking("3", "4", "5t"))
    np.savez(tmp_path / "episode.npz", **episode._asdict())
    with np.load(tmp_path / "episode.npz") as kept:
        again = Episode(**kept)
    buffer = taking()
    import_episodes(buffer, [again])
    assert told(export_episodes(buffer)) == told([episode])


def test_a_reset_that_nobody_told_cuts_an_episode_in_two() -> None:
    buffer = taking("0", "1t", "5", "6", "8", "9")
    assert told(export_episodes(buffer)) == [([0, 1, 2], "t"), ([5, 6, 7], "c"), ([8, 9, 10], "")]
    assert [own.action.tolist() for own in export_episodes(buffer)] == [[0, 1], [5, 6], [8, 0]]
    assert [own.reward[0] for own in export_episodes(buffer)] == [0.5, 5.5, 8.5]


def test_only_the_last_piece_ends_as_the_episode_does() -> None:
    assert told(export_episodes(taking("0", "5", "7t"))) == [
        ([0, 1], "c"),
        ([5, 6], "c"),
        ([7, 8], "t"),
    ]


def test_a_buffer_that_was_opened_again_loses_nothing(tmp_path: Path) -> None:
    taking("0", "1").save(tmp_path / "kept")
    buffer = ReplayBuffer.load(tmp_path / "kept")
    obs, off = np.full((1, 1), 7, np.float32), [False]
    buffer.add(obs, [0], [1.0], obs + 1, off, off)
    assert told(export_episodes(buffer)) == [([0, 1, 2], "c"), ([7, 8], "")]


def test_a_gap_in_one_array_of_many_cuts_them_all() -> None:
    buffer = ReplayBuffer(4, ROOM, NINE)
    for at in (3, 5):
        obs = {"near": np.full((1, 2), at, np.uint8), "at": [at]}
        after = {"near": np.full((1, 2), 5, np.uint8), "at": [at + 1]}
        buffer.add(obs, [0], [1.0], after, [False], [False])
    one, other = export_episodes(buffer)
    assert (one.obs["at"].tolist(), other.obs["at"].tolist()) == ([3, 4], [5, 6])
    assert one.obs["near"].tolist() == [[3, 3], [5, 5]]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"n_step": 3}, r"^replay\.export: expected n_step 1, got 3\. Rows hold sums\."),
        ({"gamma": 0.0}, r"^replay\.export: expected gamma above 0, got 0\.0\. No row tells wh"),
        ({"gamma": 1e-60}, r"^replay\.export: expected gamma above 0, got 1e-60\."),
    ],
)
def test_rows_that_do_not_tell_their_steps_are_refused(
    keywords: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        export_episodes(taking("0", "1", **keywords))


@pytest.mark.parametrize("lane", [-1, 1])
def test_a_lane_that_does_not_exist_is_refused(lane: int) -> None:
    expected = rf"^replay\.export\.lane: expected None or a lane below 1, got {lane}\."
    with pytest.raises(ConfigError, match=expected):
        export_episodes(taking("0"), lane)
