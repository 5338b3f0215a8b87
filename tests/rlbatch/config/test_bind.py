"""A tree of plain data becomes values of the types that a signature asks for, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from rlbatch.config.bind import Binder
from rlbatch.config.source import Node, read
from rlbatch.errors import ConfigError, require

Written = Callable[..., Path]


@dataclass(frozen=True, kw_only=True)
class Small:
    kind: Literal["small"] = "small"
    size: int = 1

    def __post_init__(self) -> None:
        require(self.size >= 1, "small.size", "at least 1", self.size)


@dataclass(frozen=True, kw_only=True)
class Large:
    kind: Literal["large"] = "large"
    width: float


@dataclass(frozen=True, kw_only=True)
class House:
    rooms: int
    rent: float = 2.0
    names: tuple[str, ...] = ()
    door: Small = field(default_factory=Small)
    garden: Small | Large | None = None


def bound(written: Written, text: str) -> House:
    """What YAML text says about a house."""
    house: House = Binder({}).built(House, read(written(text)), "")
    return house


def test_a_table_becomes_its_dataclass_with_defaults(written: Written) -> None:
    assert bound(written, "rooms: 3") == House(rooms=3)


def test_nested_tables_become_nested_dataclasses(written: Written) -> None:
    house = bound(written, "rooms: 3\ndoor: {size: 2}\ngarden: {kind: large, width: 1}\n")
    assert house == House(rooms=3, door=Small(size=2), garden=Large(width=1.0))


def test_a_list_becomes_a_tuple(written: Written) -> None:
    assert bound(written, "rooms: 3\nnames: [a, b]\n").names == ("a", "b")


def test_an_integer_will_do_for_a_float(written: Written) -> None:
    rent = bound(written, "rooms: 3\nrent: 1").rent
    assert (type(rent), rent) == (float, 1.0)


def test_null_will_do_where_none_is_allowed(written: Written) -> None:
    assert bound(written, "rooms: 3\ngarden: null").garden is None


@pytest.mark.parametrize("value", ["'32'", "true", "1.5", "1.0", "1e3", "null", "[1]", "{a: 1}"])
def test_only_an_integer_is_an_int(written: Written, value: str) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:1:8: rooms: expected [^\n]*integer, got "):
        bound(written, f"rooms: {value}")


@pytest.mark.parametrize("value", ["'1.5'", "true", "[1.0]", "text", "null", "2020-01-01"])
def test_only_a_number_is_a_float(written: Written, value: str) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:2:7: rent: expected "):
        bound(written, f"rooms: 1\nrent: {value}")


@pytest.mark.parametrize("value", ["a", "[1]", "[a, true]", "{a: b}"])
def test_only_a_list_of_texts_is_a_tuple_of_them(written: Written, value: str) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:2:8: names: expected "):
        bound(written, f"rooms: 1\nnames: {value}")


@pytest.mark.parametrize("value", ["5", "[1]", "text", "null"])
def test_only_a_table_is_a_dataclass(written: Written, value: str) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:2:7: door: expected a table, got "):
        bound(written, f"rooms: 1\ndoor: {value}")


def test_a_missing_key_is_named(written: Written) -> None:
    with pytest.raises(ConfigError, match="expected 'rooms', got none"):
        bound(written, "rent: 1")


def test_a_missing_key_of_a_nested_table_is_told_at_the_table(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:2:9: garden: expected 'width', got none"):
        bound(written, "rooms: 1\ngarden: {kind: large}")


@pytest.mark.parametrize(
    ("text", "place", "near"),
    [
        ("romms: 1", "x.yaml:1:1: romms", "rooms"),
        ("rooms: 1\ndoor:\n  sise: 1\n", "x.yaml:3:3: door.sise", "size"),
        ("rooms: 1\ngarden: {kind: large, widht: 1}", "x.yaml:2:23: garden.widht", "width"),
    ],
)
def test_an_unknown_key_names_its_place_and_the_nearest(
    written: Written, text: str, place: str, near: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        bound(written, text)
    assert str(refused.value).startswith(f"{place}: expected a known key, got ")
    assert f"Did you mean '{near}'?" in str(refused.value)


def test_an_unknown_kind_names_the_nearest(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"x\.yaml:2:16: garden\.kind.*Did you mean 'large'"):
        bound(written, "rooms: 1\ngarden: {kind: larg}")


def test_a_table_without_its_kind_lists_the_kinds(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"x\.yaml:2:9: garden: expected kind: small \| large"):
        bound(written, "rooms: 1\ngarden: {size: 1}")


@pytest.mark.parametrize("kind", ["[small]", "{a: b}", "null", "1"])
def test_a_kind_that_is_no_word_is_refused(written: Written, kind: str) -> None:
    with pytest.raises(ConfigError, match=r"garden\.kind: expected one of small, large"):
        bound(written, f"rooms: 1\ngarden: {{kind: {kind}}}")


def test_a_refusal_from_inside_is_told_at_its_line(written: Written) -> None:
    with pytest.raises(
        ConfigError, match=r"^x\.yaml:3:9: door\.size: expected at least 1, got 0\.$"
    ):
        bound(written, "rooms: 1\ndoor:\n  size: 0\n")


def test_a_refusal_of_an_override_is_told_at_the_override(written: Written) -> None:
    tree = read(written("rooms: 1"), ["door.size=0"])
    with pytest.raises(ConfigError, match=r"^door\.size=0: door\.size: expected at least 1"):
        Binder({}).built(House, tree, "")


def test_parameters_of_a_function_are_bound_like_fields() -> None:
    def make(rooms: int, anything, *, color: str = "red") -> None: ...  # type: ignore[no-untyped-def]

    node = Node("x", table={"rooms": Node("x", leaf=2), "anything": Node("x", leaf=[1])})
    assert Binder({}).call(make, node, "") == {"rooms": 2, "anything": [1], "color": "red"}


def test_parameters_that_the_caller_gives_are_not_asked_for_nor_taken() -> None:
    def make(*, rooms: int, seeds: int) -> None: ...

    rooms, seeds = Node("x", leaf=2), Node("x", leaf=3)
    assert Binder({}).call(make, Node("x", table={"rooms": rooms}), "", ("seeds",)) == {"rooms": 2}
    with pytest.raises(ConfigError, match="expected a known key, got 'seeds'"):
        Binder({}).call(make, Node("x", table={"rooms": rooms, "seeds": seeds}), "", ("seeds",))


def test_any_wanted_type_takes_plain_data_as_it_is(written: Written) -> None:
    tree = read(written("a: [1, {b: true}]"))
    assert tree.table is not None
    assert Binder({}).value(Any, tree.table["a"], "a") == [1, {"b": True}]
