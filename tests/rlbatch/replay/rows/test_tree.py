"""Spaces as leaves: their order, the way to each, and the same structure again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from rlbatch.contract import Space
from rlbatch.errors import ConfigError, DataError
from rlbatch.replay.rows.layout import Layout
from rlbatch.replay.rows.tree import Leaf, leaves, nest, parts_of

LINE = spaces.Box(-1, 1, (2,), np.float32)
ROBOT = spaces.Dict(
    [
        ("camera", spaces.Tuple((spaces.Box(0, 255, (4, 4), np.uint8), LINE))),
        ("at", spaces.Discrete(9)),
        ("flags", spaces.Dict({"on": spaces.MultiBinary(3), "gear": spaces.MultiDiscrete([3, 2])})),
    ]
)

WHOLE: dict[str, Any] = {"camera": (0, 1), "at": 2, "flags": {"gear": 3, "on": 4}}


def test_the_leaves_of_a_space_come_in_its_own_order() -> None:
    assert list(leaves(ROBOT)) == [
        Leaf(("camera", 0), "uint8", (4, 4)),
        Leaf(("camera", 1), "float32", (2,)),
        Leaf(("at",), "int64", ()),
        Leaf(("flags", "gear"), "int64", (2,)),
        Leaf(("flags", "on"), "int8", (3,)),
    ]


def test_a_leaf_is_named_by_the_way_to_it() -> None:
    named = [leaf.suffix for leaf in leaves(ROBOT)]
    assert named == [".camera.0", ".camera.1", ".at", ".flags.gear", ".flags.on"]


def test_a_plain_space_is_its_only_leaf() -> None:
    (leaf,) = leaves(LINE)
    assert (leaf.path, leaf.suffix) == ((), "")
    assert list(parts_of("obs", LINE, "anything")) == ["anything"]
    assert nest(LINE, iter([7])) == 7


def test_what_is_taken_apart_leaf_by_leaf_nests_again() -> None:
    value = {"camera": (0, 1), "at": 2, "flags": {"gear": 3, "on": 4}}
    parts = list(parts_of("obs", ROBOT, value))
    assert parts == [0, 1, 2, 3, 4]
    nested = nest(ROBOT, iter(parts))
    assert nested == value
    assert list(nested) == ["camera", "at", "flags"]


def test_any_mapping_and_a_list_will_do() -> None:
    value = OrderedDict(at=7, camera=[5, 6], flags={"on": 9, "gear": 8})
    assert list(parts_of("obs", ROBOT, value)) == [5, 6, 7, 8, 9]


def test_empty_parts_stay_where_they_are() -> None:
    space = spaces.Dict({"none": spaces.Tuple([]), "some": LINE})
    assert nest(space, iter([3])) == {"none": (), "some": 3}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, r"^replay\.obs: expected keys \['camera', 'at', 'flags'\], got \[\]\."),
        (WHOLE | {"x": 1}, r"^replay\.obs: expected keys \['camera', .+ got \['at', .+ 'x'\]\."),
        (np.zeros(3), r"^replay\.obs: expected a dict with keys \['camera', .+ got ndarray\."),
        ((1, 2), r"^replay\.obs: expected a dict with keys .+ got tuple\."),
        (WHOLE | {"camera": (1,)}, r"^replay\.obs\.camera: expected a tuple of 2, got 1 parts\."),
        (WHOLE | {"camera": [1, 2, 3]}, r"^replay\.obs\.camera: .+ of 2, got 3 parts\."),
        (WHOLE | {"camera": 5}, r"^replay\.obs\.camera: expected a tuple of 2, got int\."),
        (WHOLE | {"camera": {0: 1}}, r"^replay\.obs\.camera: expected a tuple of 2, got dict\."),
    ],
)
def test_what_is_missing_or_too_much_is_refused_by_its_place(value: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(parts_of("obs", ROBOT, value))


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (spaces.Text(3), r"^replay\.obs_space: expected a Box, Discrete, MultiBinary or MultiD"),
        (
            spaces.Dict({"a": spaces.Tuple([LINE, spaces.Text(3)])}),
            r"^replay\.obs_space\.a\.1: expected a Box, .+, got Text\(",
        ),
        (
            spaces.Dict({"a": spaces.Dict([(1, LINE)])}),  # type: ignore[list-item]
            r"^replay\.obs_space\.a: expected keys that are text, got 1\.",
        ),
    ],
)
def test_a_space_that_no_row_can_hold_is_refused_by_its_place(space: Space, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        list(leaves(space))


def test_keys_that_name_two_arrays_alike_are_refused() -> None:
    space = spaces.Dict({"a.b": LINE, "a": spaces.Dict({"b": LINE})})
    with pytest.raises(ConfigError, match=r"^replay\.obs_space: expected keys that name every arr"):
        Layout.of(space, spaces.Discrete(2))


def test_a_space_without_any_array_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^replay\.obs_space: expected at least one array, got"):
        Layout.of(spaces.Dict({"none": spaces.Tuple([])}), spaces.Discrete(2))
