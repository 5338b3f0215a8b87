"""The short way in against the long one, through the door."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.errors import DataError
from rlbatch.replay import Prioritised, ReplayBuffer
from rlbatch.replay.rows.door import Door
from rlbatch.replay.rows.express import PATIENCE

Columns = tuple[Any, Any, Any, Any, Any, Any]
SPACES: list[Any] = [
    spaces.Box(-9, 9, (3,), np.float32),
    spaces.Box(-9, 9, (), np.float64),
    spaces.Box(0, 255, (2, 5), np.uint8),
    spaces.Discrete(7),
]


def step(space: Any, lead: tuple[int, ...], reward: str, rng: np.random.Generator) -> Columns:
    """One random call, in the dtypes that are kept."""
    shape = (*lead, *(space.shape or ()))
    obs, after = rng.integers(0, 7, (2, *shape)).astype(space.dtype)
    terminated, truncated = rng.random((2, *lead)) < 0.3
    own = rng.normal(size=lead).astype(reward)
    return obs, rng.integers(0, 4, lead), own, after, terminated, truncated


@given(st.sampled_from(SPACES), st.data())
def test_the_short_way_stores_what_the_long_way_stores(space: Any, data: st.DataObject) -> None:
    lanes, capacity = data.draw(st.none() | st.integers(1, 3)), data.draw(st.integers(1, 9))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    short, long = (
        ReplayBuffer(capacity, space, spaces.Discrete(4), lanes, sampler=Prioritised())
        for _ in range(2)
    )
    reward = data.draw(st.sampled_from(["float32", "float64"]))
    for num in data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=6)):
        lead = (num,) if lanes is None else (lanes, num)
        columns = step(space, lead, reward, rng)
        short.add(*columns)
        long.add(*columns, np.ones(lead, np.bool_))
    one, other = short.state_dict(), long.state_dict()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("as_tensors", [False, True])
def test_the_door_is_not_asked_where_all_is_plainly_right(
    as_tensors: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer, rng = ReplayBuffer(8, SPACES[0], spaces.Discrete(4)), np.random.default_rng(0)
    buffer.add(*step(SPACES[0], (2,), "float32", rng))  # the first with two environments
    monkeypatch.setattr(Door, "pack", lambda *_: pytest.fail("the long way"))
    columns = step(SPACES[0], (2,), "float32", rng)
    buffer.add(*(torch.from_numpy(c) if as_tensors else c for c in columns))
    assert len(buffer) == 4


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, np.full((2, 3), np.nan, np.float32), r"replay\.obs \(lane 0, env 0, step 2\)"),
        (1, np.array([0, 4]), r"replay\.action \(lane 0, env 1, step 3\): expected an action in"),
        (2, np.array([0.0, np.inf], np.float32), r"replay\.reward \(lane 0, env 1"),
        (2, np.array([0.0, 1e39]), r"replay\.reward \(lane 0, env 1"),
        (3, np.zeros((2, 4), np.float32), r"replay\.next_obs: expected shape \(2, 3\)"),
        (4, np.zeros(3, np.bool_), r"replay\.terminated: expected shape \(2,\)"),
    ],
)
def test_what_is_not_right_is_refused_on_the_long_way_and_nothing_is_stored(
    place: int, value: Any, message: str
) -> None:
    buffer, rng = ReplayBuffer(8, SPACES[0], spaces.Discrete(4)), np.random.default_rng(0)
    buffer.add(*step(SPACES[0], (2,), "float32", rng))
    before = buffer.state_dict()
    columns = list(step(SPACES[0], (2,), "float32", rng))
    columns[place] = value
    with pytest.raises(DataError, match=message):
        buffer.add(*columns)
    assert all(torch.equal(own, before[name]) for name, own in buffer.state_dict().items())


def test_other_dtypes_and_memory_orders_are_stored_all_the_same() -> None:
    buffer, rng = ReplayBuffer(99, SPACES[0], spaces.Discrete(4)), np.random.default_rng(0)
    for _ in range(PATIENCE + 2):
        obs, action, reward, after, *ends = step(SPACES[0], (2,), "float32", rng)
        buffer.add(np.asfortranarray(obs), action.tolist(), reward.tolist(), after, *ends)
        newest = buffer.newest(2)
        assert newest.obs.tolist() == obs.tolist()
        assert newest.action.tolist() == action.tolist()
