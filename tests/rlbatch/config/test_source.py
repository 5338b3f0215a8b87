"""YAML becomes a tree that knows where each word stands; what is ambiguous is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlbatch.config.source import read
from rlbatch.errors import ConfigError

Written = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("-1E+3", -1000.0),
        ("2.5e-4", 0.00025),
        ("1_0e2", 1000.0),
        ("50_000", 50_000),
        ("1.5", 1.5),
        ("'1e-3'", "1e-3"),
        ("e3", "e3"),
        ("1e", "1e"),
    ],
)
def test_numbers_are_read_as_people_write_them(written: Written, text: str, value: object) -> None:
    found = read(written(f"a: {text}")).plain()["a"]
    assert (type(found), found) == (type(value), value)


def test_an_empty_file_is_an_empty_table(written: Written) -> None:
    assert read(written("# nothing yet\n")).plain() == {}


def test_every_word_knows_its_line_and_column(written: Written) -> None:
    tree = read(written("a: 1\nb:\n  c: [2, 3]\n"))
    assert tree.table is not None
    assert tree.table["a"].place == "x.yaml:1:4"
    assert tree.table["b"].named_at == {"c": "x.yaml:3:3"}


def test_a_key_twice_is_refused_with_both_places(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:3:3: .*'lr' again.*x\.yaml:2:3"):
        read(written("learner:\n  lr: 1\n  lr: 2\n"))


def test_a_key_twice_at_the_top_is_refused(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:2:1: .*x\.yaml:1:1"):
        read(written("seed: 1\nseed: 1\n"))


def test_the_same_key_in_two_tables_is_fine(written: Written) -> None:
    assert read(written("a: {k: 1}\nb: {k: 2}\n")).plain() == {"a": {"k": 1}, "b": {"k": 2}}


@pytest.mark.parametrize(
    "text", ["a: [1, 2\n", "a: {b: 1\n", "a: 'x\n", "a: 1\n  b: 2\n", "a: !!python/name:os.system"]
)
def test_invalid_yaml_is_told_with_line_and_column(written: Written, text: str) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:\d+:\d+: expected valid YAML, got [^\n]+$"):
        read(written(text))


def test_invalid_yaml_is_told_at_the_line_that_breaks(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml:3:4: "):
        read(written("a: 1\nb: 2\nc: }\n"))


def test_a_list_is_no_config(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"x\.yaml: expected a table of settings, got list"):
        read(written("- 1\n"))


def test_a_table_that_holds_itself_is_refused(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"^x\.yaml"):
        read(written("a: &a {b: *a}\n"))


def test_a_missing_file_is_named(here: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: expected a config file"):
        read(Path("nowhere.yaml"))


def test_a_folder_is_no_config(here: Path) -> None:
    with pytest.raises(ConfigError, match="expected a config file"):
        read(here)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", b"a: 1\x00", bytes(range(256))])
def test_a_binary_file_is_refused(here: Path, content: bytes) -> None:
    Path("x.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"^x\.yaml.*: expected [^\n]+$"):
        read(Path("x.yaml"))


def test_what_a_file_extends_comes_first(written: Written) -> None:
    written("a: {b: 1, c: 2}\nd: 3\n", "base.yaml")
    tree = read(written("extends: base.yaml\na: {c: 4}\n"))
    assert tree.plain() == {"a": {"b": 1, "c": 4}, "d": 3}


def test_extends_may_be_chained_and_is_found_beside_the_file_that_says_it(
    written: Written,
) -> None:
    written("a: 1\nb: 1\nc: 1\n", "deep/root.yaml")
    written("extends: root.yaml\nb: 2\nc: 2\n", "deep/middle.yaml")
    assert read(written("extends: deep/middle.yaml\nc: 3\n")).plain() == {"a": 1, "b": 2, "c": 3}


def test_a_file_in_a_folder_may_extend_one_above(written: Written) -> None:
    written("a: 1\n", "base.yaml")
    assert read(written("extends: ../base.yaml\n", "deep/x.yaml")).plain() == {"a": 1}


def test_an_inherited_word_keeps_the_place_where_it_was_written(written: Written) -> None:
    written("a: 1\n", "base.yaml")
    tree = read(written("extends: base.yaml\nb: 2\n"))
    assert tree.table is not None
    assert tree.table["a"].place == "base.yaml:1:4"
    assert tree.named_at["b"] == "x.yaml:2:1"


def test_a_file_that_extends_itself_is_refused(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"x\.yaml:1:10: expected extends that ends.*circle"):
        read(written("extends: x.yaml\n"))


def test_a_circle_of_extends_is_refused(written: Written) -> None:
    written("extends: b.yaml\n", "a.yaml")
    written("extends: deep/c.yaml\n", "b.yaml")
    with pytest.raises(ConfigError, match="circle"):
        read(written("extends: ../a.yaml\n", "deep/c.yaml"))


def test_two_files_may_extend_the_same_one(written: Written) -> None:
    written("a: 1\n", "root.yaml")
    written("extends: root.yaml\nb: 2\n", "middle.yaml")
    assert read(written("extends: middle.yaml\n")).plain() == {"a": 1, "b": 2}


def test_extending_a_file_that_is_not_there_names_it(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: expected a config file"):
        read(written("extends: gone.yaml\n"))


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("a.b=1e-3", 0.001),
        ("a.b=true", True),
        ("a.b=null", None),
        ("a.b=", None),
        ("a.b=text", "text"),
        ("a.b='1'", "1"),
        ("a.b=x=y", "x=y"),
        ("a.b=[1, 2]", [1, 2]),
        ("a.b={c: 2}", {"c": 2}),
    ],
)
def test_an_override_is_yaml(written: Written, override: str, value: object) -> None:
    assert read(written("a: {b: 7, d: 8}"), [override]).plain() == {"a": {"b": value, "d": 8}}


def test_the_last_override_wins(written: Written) -> None:
    assert read(written("a: 1"), ["a=2", "a=3"]).plain() == {"a": 3}


def test_an_override_makes_the_tables_that_it_needs(written: Written) -> None:
    assert read(written("a: 1"), ["b.c.d=2"]).plain() == {"a": 1, "b": {"c": {"d": 2}}}


def test_an_override_wins_over_the_file_and_what_it_extends(written: Written) -> None:
    written("a: 1\nb: 1\n", "base.yaml")
    assert read(written("extends: base.yaml\nb: 2\n"), ["a=3", "b=3"]).plain() == {"a": 3, "b": 3}


@pytest.mark.parametrize("override", ["seeds", "=1", "a..b=1", ".a=1", "a.=1"])
def test_what_is_no_override_is_refused(written: Written, override: str) -> None:
    with pytest.raises(ConfigError, match=r"expected dotted\.key=value, got"):
        read(written("a: 1"), [override])


def test_invalid_yaml_in_an_override_is_told_by_the_override(written: Written) -> None:
    with pytest.raises(ConfigError, match=r"a=\[1.*expected valid YAML"):
        read(written("a: 1"), ["a=[1"])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["kind=geometric", "start=2", "stop=8"], {"kind": "geometric", "start": 2, "stop": 8}),
        (["plug='m:N'", "start=2", "stop=8"], {"plug": "m:N", "start": 2, "stop": 8}),
    ],
)
def test_another_kind_or_plug_starts_its_table_anew_in_any_order(
    written: Written, order: tuple[int, ...], options: list[str], wanted: dict[str, Any]
) -> None:
    choice = options[0].partition("=")[0]
    path = written(f"batch: {{s: {{{choice}: old, explore: 1}}}}")
    told = [f"batch.s.{options[i]}" for i in order]
    assert read(path, told).plain() == {"batch": {"s": wanted}}


@pytest.mark.parametrize(("old", "new"), [("kind", "plug"), ("plug", "kind")])
def test_a_plug_in_place_of_a_kind_starts_its_table_anew(
    written: Written, old: str, new: str
) -> None:
    tree = read(written(f"s: {{{old}: a, rows: 1}}"), [f"s.{new}=b", "s.start=2"])
    assert tree.plain() == {"s": {new: "b", "start": 2}}


def test_the_same_kind_again_keeps_its_table(written: Written) -> None:
    tree = read(written("s: {kind: a, rows: 1, more: 2}"), ["s.kind=a", "s.rows=3"])
    assert tree.plain() == {"s": {"kind": "a", "rows": 3, "more": 2}}


def test_a_file_that_names_another_kind_drops_the_options_it_extends(written: Written) -> None:
    written("s: {kind: a, rows: 1}\n", "base.yaml")
    assert read(written("extends: base.yaml\ns: {kind: b}\n")).plain() == {"s": {"kind": "b"}}
