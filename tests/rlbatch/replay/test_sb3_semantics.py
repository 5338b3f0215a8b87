"""The rows that Stable-Baselines3 returns of a stream are the rows that this buffer returns.

What SB3 returned was written by `benchmarks/sb3_semantics.py`: two environments, 60 steps, episodes
of one step, terminations, time limits, both at once; buffers that wrap around twice and that hold
all. Two of its ways are its own, and named in tests here:
  - its n-step windows are cut at the newest row stored, so that the last n − 1 rows of a running
    episode come as shorter windows; here a row is stored once its window has closed;
  - it holds transitions, and this buffer closed windows: as many rows of ours reach further back.
That `next_obs` of an ended episode is the true final observation is the caller's part, in both.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from gymnasium import spaces

from rlbatch import ReplayBuffer

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "golden" / "sb3_replay.json").read_text()
)
STREAM = {name: np.array(column) for name, column in GOLDEN["stream"].items()}
NAMES = ("obs", "action", "reward", "next_obs", "discount")
N_STEPS, CAPACITIES = (1, 3), (50, 200)  # 50 rows wrap around, 200 hold all 120
Rows = dict[tuple[float, ...], npt.NDArray[Any]]  # by observation: all numbers of a row


class Pair(NamedTuple):
    """Rows of buffers that saw the same stream."""

    ours: Rows
    theirs: Rows


def pair(n_step: int, capacity: int) -> Pair:
    """Rows of both for one setting."""
    found = (b for b in GOLDEN["buffers"] if (b["n_step"], b["capacity"]) == (n_step, capacity))
    return Pair(filled(n_step, capacity), by_obs(next(found)["rows"]))


def filled(n_step: int, capacity: int) -> Rows:
    """All rows of our buffer after the stream."""
    box = spaces.Box(-np.inf, np.inf, (4,), np.float32)
    discrete, gamma = spaces.Discrete(2), GOLDEN["gamma"]
    buffer = ReplayBuffer(capacity, box, discrete, n_step=n_step, gamma=gamma)
    columns = ("obs", "action", "reward", "next_obs", "terminated", "truncated")
    for step in zip(*(STREAM[name] for name in columns), strict=True):
        buffer.add(*step)
    batch = buffer.whole()._asdict()
    return by_obs({name: batch[name].numpy() for name in NAMES})


def by_obs(columns: dict[str, Any]) -> Rows:
    """Rows of columns, by the observation they start from: no two are the same."""
    parts = [np.array(columns[name], np.float64) for name in NAMES]
    table = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)
    rows = {tuple(row[:4].tolist()): row for row in table}
    assert len(rows) == len(table)
    return rows


def still_open(n_step: int) -> set[tuple[float, ...]]:
    """Observations of the last n − 1 rows of environments whose episode runs on at the end."""
    ended = STREAM["terminated"] | STREAM["truncated"]
    last = {(t, e) for e in range(2) for t in range(len(ended) - n_step + 1, len(ended))}
    return {tuple(STREAM["obs"][t, e]) for t, e in last if not ended[t:, e].any()}


@pytest.mark.parametrize("n_step", N_STEPS)
@pytest.mark.parametrize("capacity", CAPACITIES)
def test_each_row_whose_window_has_closed_is_what_sb3_returns(n_step: int, capacity: int) -> None:
    ours, theirs = pair(n_step, capacity)
    closed = theirs.keys() - still_open(n_step)
    assert len(closed) == min(capacity, 120) - 2 * (n_step == 3)
    for obs in closed:
        np.testing.assert_allclose(ours[obs], theirs[obs], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_one_step_buffers_hold_the_same_rows_and_no_others(capacity: int) -> None:
    ours, theirs = pair(1, capacity)
    assert ours.keys() == theirs.keys()


def test_sb3_cuts_windows_at_the_newest_row_where_ours_wait_for_them_to_close() -> None:
    ours, theirs = pair(3, 200)
    assert theirs.keys() - ours.keys() == still_open(3)
    cut = sorted(theirs[obs][-1] for obs in still_open(3))
    assert cut == pytest.approx([0.9**2, 0.9])  # two steps, one step; ours have 0.9³ alone


def test_rows_older_than_sb3_keeps_are_what_it_returned_before() -> None:
    ours, theirs = filled(3, 50), pair(3, 200).theirs
    older = ours.keys() - pair(3, 50).theirs.keys()
    assert len(older) == len(still_open(3))
    for obs in older:
        np.testing.assert_allclose(ours[obs], theirs[obs], rtol=1e-6, atol=1e-6)


def test_the_stream_has_every_kind_of_end() -> None:
    terminated, truncated = STREAM["terminated"], STREAM["truncated"]
    assert (terminated & truncated).sum() == 1
    assert terminated[0, 0]  # an episode of one step
    assert (truncated & ~terminated).sum() == 6
    assert terminated[-1, 1]
    assert not (terminated | truncated)[-3:, 0].any()
