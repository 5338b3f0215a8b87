"""Every space that a buffer takes goes through JSON and back, in its own order."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from rlbatch.contract import Space
from rlbatch.errors import ConfigError
from rlbatch.replay.rows.spaces import space_from_json, space_to_json

BOOL: Any = np.bool_  # which Gymnasium takes and its annotations do not know
SHORT: Any = np.int32
GRID: Any = [[3, 4], [2, 9]]
TWO, THREE = spaces.Discrete(2), spaces.Discrete(3, start=-1)


@pytest.mark.parametrize(
    "space",
    [
        spaces.Discrete(7),
        spaces.Discrete(7, start=2),
        spaces.Box(-np.inf, 3, (2, 1), np.float64),
        spaces.Box(0, 1, (3,), BOOL),
        spaces.MultiBinary(3),
        spaces.MultiBinary((2, 3)),
        spaces.MultiDiscrete([3, 4]),
        spaces.MultiDiscrete(GRID, dtype=SHORT, start=GRID),
        spaces.Tuple([TWO, THREE]),
        spaces.Tuple([]),
        spaces.Dict({"b": TWO, "a": spaces.Tuple([THREE, spaces.Dict({"c": TWO})])}),
    ],
    ids=str,
)
def test_a_space_comes_back_from_json(space: Space) -> None:
    again = space_from_json(json.loads(json.dumps(space_to_json(space))))
    assert again == space
    assert again.dtype == space.dtype


def test_the_parts_of_a_dict_stay_in_order() -> None:
    space = spaces.Dict([("b", TWO), ("a", THREE)])
    again: Any = space_from_json(json.loads(json.dumps(space_to_json(space))))
    assert list(again.spaces) == ["b", "a"]


def test_a_space_without_a_fixed_size_is_refused_however_deep_it_lies() -> None:
    with pytest.raises(ConfigError, match=r"^space: expected a Box, Discrete, MultiBinary or Mul"):
        space_to_json(spaces.Dict({"said": spaces.Tuple([spaces.Text(3)])}))
