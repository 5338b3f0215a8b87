"""Ends that nobody told: what runs is truncated, and no row crosses the seam."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from rlbatch.replay import ReplayBuffer, end_episodes, export_episodes

LINE = spaces.Box(-np.inf, np.inf, (1,), np.float32)
ROOM = spaces.Dict({"near": spaces.Box(0, 255, (2,), np.uint8), "at": spaces.Discrete(99)})
TWO = spaces.Discrete(2)


def walk(buffer: ReplayBuffer, *firsts: int, steps: int = 2, last: bool = False) -> None:
    """An environment each goes from its first to the next numbers; reward 1; `last` terminates."""
    for t in range(steps):
        obs = np.array(firsts, np.float32)[:, None] + t
        one, off = np.ones(len(firsts)), np.zeros(len(firsts), bool)
        buffer.add(obs, one.astype(int), one, obs + 1, off | (last and t == steps - 1), off)


def steps_of(buffer: ReplayBuffer) -> list[tuple[float, float, float, float]]:
    """obs, next_obs, reward and discount of all rows, oldest first."""
    rows = buffer.whole()
    columns = rows.obs[:, 0], rows.next_obs[:, 0], rows.reward, rows.discount
    return list(zip(*(own.tolist() for own in columns), strict=True))


def test_windows_close_at_a_reset_that_nobody_told_and_bootstrap() -> None:
    buffer = ReplayBuffer(20, LINE, TWO, gamma=0.5, n_step=3)
    walk(buffer, 0, steps=4)
    end_episodes(buffer)
    walk(buffer, 50, steps=3, last=True)
    assert steps_of(buffer) == [
        (0.0, 3.0, 1.75, 0.125),
        (1.0, 4.0, 1.75, 0.125),
        (2.0, 4.0, 1.5, 0.25),
        (3.0, 4.0, 1.0, 0.5),
        (50.0, 53.0, 1.75, 0.0),
        (51.0, 53.0, 1.5, 0.0),
        (52.0, 53.0, 1.0, 0.0),
    ]


def test_without_it_windows_cross_the_seam() -> None:
    buffer = ReplayBuffer(20, LINE, TWO, gamma=0.5, n_step=3)
    walk(buffer, 0)
    walk(buffer, 50)
    assert (1.0, 52.0, 1.75, 0.125) in steps_of(buffer)


@pytest.mark.parametrize("kept_by", ["save", "flush"])
def test_a_loop_that_was_killed_goes_on_without_a_row_across(tmp_path: Path, kept_by: str) -> None:
    path = tmp_path / "kept"
    killed = ReplayBuffer(20, LINE, TWO, n_step=3, path=path if kept_by == "flush" else None)
    walk(killed, 0, 20)
    killed.save(path) if kept_by == "save" else killed.flush()
    del killed
    buffer = ReplayBuffer.load(path)
    end_episodes(buffer)
    walk(buffer, 50, 70)
    end_episodes(buffer)
    assert [(a, b) for a, b, *_ in steps_of(buffer)] == [
        *((0.0, 2.0), (1.0, 2.0), (20.0, 22.0), (21.0, 22.0)),
        *((50.0, 52.0), (51.0, 52.0), (70.0, 72.0), (71.0, 72.0)),
    ]


@pytest.mark.parametrize("n_step", [1, 3])
def test_another_number_of_environments_may_go_on(n_step: int) -> None:
    buffer = ReplayBuffer(20, LINE, TWO, n_step=n_step)
    walk(buffer, 0, 20)
    end_episodes(buffer)
    walk(buffer, 50, last=True)
    assert len(buffer) == 6


def test_all_lanes_are_ended_and_no_row_is_added() -> None:
    buffer = ReplayBuffer(20, LINE, TWO, lanes=2)
    obs, off = np.zeros((2, 1, 1), np.float32), np.zeros((2, 1), bool)
    buffer.add(obs, off.astype(int), off.astype(int), obs, off, off)
    end_episodes(buffer)
    assert [own.truncated for own in export_episodes(buffer)] == [True, True]
    assert buffer.stored().tolist() == [1, 1]


def test_what_ended_already_stays_as_it_is() -> None:
    buffer = ReplayBuffer(20, LINE, TWO)
    walk(buffer, 0, last=True)
    before = buffer.state_dict()
    end_episodes(buffer)
    assert all((before[name] == own).all() for name, own in buffer.state_dict().items())
    assert export_episodes(buffer)[0].terminated


def test_an_empty_buffer_has_nothing_to_end() -> None:
    buffer = ReplayBuffer(20, LINE, TWO, n_step=3)
    end_episodes(buffer)
    assert len(buffer) == 0


def test_an_episode_that_is_held_out_is_ended_too() -> None:
    buffer = ReplayBuffer(20, LINE, TWO, validation=2)
    walk(buffer, 0, last=True)
    walk(buffer, 7)
    end_episodes(buffer)
    walk(buffer, 9)
    assert [own.truncated for own in export_episodes(buffer)] == [False, True, False]
    assert buffer.stored(held_out=True).tolist() == [2]


def test_nested_observations_and_stacks_of_frames_can_be_ended() -> None:
    nested = ReplayBuffer(9, ROOM, TWO)
    room: Any = {"near": np.zeros((1, 2), np.uint8), "at": [3]}
    nested.add(room, [0], [1.0], room | {"at": [4]}, [False], [False])
    stacked = ReplayBuffer(9, spaces.Box(0, 255, (2, 3), np.uint8), TWO, frame_stack=2)
    frames = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    stacked.add(frames, [0], [1.0], frames + 3, [False], [False])
    for buffer in (nested, stacked):
        end_episodes(buffer)
        assert export_episodes(buffer)[0].truncated
    assert stacked.whole().next_obs.tolist() == (frames + 3).tolist()
