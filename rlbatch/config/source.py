"""YAML text -> a tree that knows where each of its words stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from rlbatch.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place: a table of named nodes, or a leaf of plain data."""

    place: str  # "configs/x.yaml:6:3", or the override itself
    leaf: Any = None
    table: dict[str, Node] | None = None
    named_at: dict[str, str] = field(default_factory=dict)  # where each key of the table stands

    def plain(self) -> Any:
        """The value without its places."""
        if self.table is None:
            return self.leaf
        return {name: node.plain() for name, node in self.table.items()}


class _Loader(yaml.SafeLoader):
    """SafeLoader that reads 1e-3 as a float, and of the words for a truth true and false alone."""


class _Dumper(yaml.SafeDumper):
    """SafeDumper that quotes a string which the loader would read as a float."""


_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")  # on, off, yes, no: words (YAML 1.2)
_FLOAT = re.compile(r"^[-+]?(?:\d[\d_]*)(?:\.[\d_]*)?[eE][-+]?\d+$")
for _side in (_Loader, _Dumper):
    _side.yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:bool"]
        for first, pairs in _side.yaml_implicit_resolvers.items()
    }
    _side.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, list("tTfF"))
    _side.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))


def read(path: Path, overrides: Sequence[str] = ()) -> Node:
    """The tree of a config file: what it extends, then its own words, then the overrides.

    Args:
        path: a YAML file; `extends: other.yaml` names one beside it.
        overrides: `dotted.key=value` each, the value in YAML.

    Raises:
        ConfigError: missing or binary file, invalid YAML, duplicate keys, an override without "=".
    """
    tree = _file(path, ())
    over = Node("command line", table={})
    for text in overrides:
        over = merged(over, _override(text))
    return merged(tree, over)


def dumped(plain: Any) -> str:
    """Plain data as YAML that `read` gives back."""
    return str(yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100))


def merged(base: Node, over: Node) -> Node:
    """`over` laid on `base`; a table whose `kind` or `plug` changes starts anew."""
    if base.table is None or over.table is None:
        return over
    old, new = _choice(base.table), _choice(over.table)
    if old and any(old.get(name) != chosen for name, chosen in new.items()):
        return over
    table = dict(base.table)
    for name, node in over.table.items():
        table[name] = merged(table[name], node) if name in table else node
    return replace(base, table=table, named_at=base.named_at | over.named_at)


def _choice(table: dict[str, Node]) -> dict[str, Any]:
    """What a table says it describes."""
    return {name: table[name].leaf for name in ("kind", "plug") if name in table}


def _file(path: Path, extended: tuple[Path, ...]) -> Node:
    tree = _parse(_text(path), str(path))
    if tree.table is None:
        raise ConfigError(str(path), "a table of settings", type(tree.leaf).__name__)
    parent = tree.table.pop("extends", None)
    if parent is None:
        return tree
    other = path.parent / str(parent.leaf)
    if other.resolve() in (*extended, path.resolve()):
        raise ConfigError(parent.place, "extends that ends", f"a circle through {other}")
    return merged(_file(other, (*extended, path.resolve())), tree)


def _text(path: Path) -> str:
    if not path.is_file():
        raise ConfigError(str(path), "a config file", "nothing there")
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, PermissionError) as unreadable:
        raise ConfigError(str(path), "readable UTF-8 text", unreadable) from None


def _parse(text: str, name: str) -> Node:
    loader: Any = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        return Node(name, table={}) if root is None else _node(loader, root, name)
    except yaml.YAMLError as broken:
        mark = getattr(broken, "problem_mark", None)
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        what = getattr(broken, "problem", None) or str(broken).splitlines()[0]
        raise ConfigError(place, "valid YAML", what) from None
    finally:
        if loader is not None:
            loader.dispose()


def _node(loader: Any, found: yaml.Node, name: str, inside: tuple[yaml.Node, ...] = ()) -> Node:
    place = f"{name}:{found.start_mark.line + 1}:{found.start_mark.column + 1}"
    if not isinstance(found, yaml.MappingNode):
        return Node(place, leaf=loader.construct_object(found, deep=True))
    if found in inside:
        raise ConfigError(place, "a table that ends", "one that holds itself")
    table: dict[str, Node] = {}
    named_at: dict[str, str] = {}
    for key_node, value_node in found.value:
        key = str(key_node.value)
        at = f"{name}:{key_node.start_mark.line + 1}:{key_node.start_mark.column + 1}"
        if key in table:
            raise ConfigError(at, "each key once", f"'{key}' again", f"First: {named_at[key]}")
        table[key], named_at[key] = _node(loader, value_node, name, (*inside, found)), at
    return Node(place, table=table, named_at=named_at)


def node_of(dotted: str, value: Any, place: str) -> Node:
    """A plain value under a dotted key, as a tree that can be merged."""
    node = _of_plain(value, place)
    for key in reversed(dotted.split(".")):
        node = Node(place, table={key: node}, named_at={key: place})
    return node


def _of_plain(value: Any, place: str) -> Node:
    if not isinstance(value, dict):
        return Node(place, leaf=value)
    table = {name: _of_plain(child, place) for name, child in value.items()}
    return Node(place, table=table, named_at=dict.fromkeys(table, place))


def _override(text: str) -> Node:
    dotted, equals, value = text.partition("=")
    if not equals or not all(dotted.split(".")):
        raise ConfigError("command line", "dotted.key=value", repr(text))
    # an override is its own place: lines and columns would only confuse
    return node_of(dotted, _parse(value, text).plain() if value.strip() else None, text)
