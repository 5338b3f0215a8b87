"""A tree of settings -> the objects that it describes, each checked where it stands."""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from rlbatch.config.source import Node
from rlbatch.errors import ConfigError, PlugError, RlbatchError, nearest
from rlbatch.plug import load

_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
Choices = Mapping[Any, tuple[type, ...]]  # an open type -> the dataclasses that `kind` names


class Binder:
    """Turns nodes into values of given types.

    Args:
        choices: for types that anyone may implement, the implementations that `kind:` names;
            any other is named with `plug:`.
    """

    def __init__(self, choices: Choices) -> None:
        self._choices = choices

    def value(self, wanted: Any, node: Node, key: str, default: Any = None) -> Any:
        """The value of type `wanted` described; of the default's kind where none is named."""
        options = self._options(wanted)
        if options and node.table is not None:
            return self._choose(wanted, options, node, key, default)
        if options and not (node.leaf is None and type(None) in get_args(wanted)):
            raise ConfigError(f"{node.place}: {key}", "a table", repr(node.leaf))
        return None if options else _leaf(wanted, node, key)

    def call(
        self, make: Callable[..., Any], node: Node, key: str, given: Collection[str] = ()
    ) -> dict[str, Any]:
        """The arguments for `make` that a table describes, defaults included.

        Args:
            make: a dataclass, class or function; unannotated parameters take any value.
            node: a table.
            key: the dotted key of it.
            given: parameters that the caller provides itself.
        """
        assert node.table is not None
        own = inspect.isclass(make) and not dataclasses.is_dataclass(make)
        hints = get_type_hints(make.__init__ if own else make)
        known = {
            name: parameter
            for name, parameter in inspect.signature(make).parameters.items()
            if name not in given and parameter.kind not in _OPEN
        }
        self._refuse_unknown(node, known, key)
        arguments = {}
        for name, parameter in known.items():
            dotted = f"{key}.{name}" if key else name
            if name in node.table:
                default = _default(make, parameter)
                arguments[name] = self.value(
                    hints.get(name, Any), node.table[name], dotted, default
                )
            elif parameter.default is inspect.Parameter.empty:
                raise ConfigError(f"{node.place}: {key}", f"'{name}'", "none")
            else:
                arguments[name] = _default(make, parameter)
        return arguments

    def built(self, make: Callable[..., Any], node: Node, key: str) -> Any:
        """`make` called with what the table says; its refusal is told at the line it is about."""
        arguments = self.call(make, node, key)
        with told_at(node, key):
            return make(**arguments)

    def _options(self, wanted: Any) -> tuple[type, ...]:
        """The classes that a table may become, () for leaves."""
        if _hashable(wanted) and wanted in self._choices:
            return self._choices[wanted]
        if dataclasses.is_dataclass(wanted):
            return (typing.cast(type, wanted),)
        if get_origin(wanted) in (typing.Union, types.UnionType):
            return tuple(o for member in get_args(wanted) for o in self._options(member))
        return ()

    def _choose(
        self, wanted: Any, options: tuple[type, ...], node: Node, key: str, default: Any
    ) -> Any:
        assert node.table is not None
        if "plug" in node.table and wanted in self._choices:
            return self._plugged(node, key)
        if len(options) == 1:
            return self.built(options[0], node, key)
        kinds = {_kind(option): option for option in options}
        if "kind" not in node.table and type(default) in options and wanted not in self._choices:
            return self.built(type(default), node, key)
        if "kind" not in node.table:
            raise ConfigError(f"{node.place}: {key}", f"kind: {' | '.join(kinds)}", "no kind")
        chosen = node.table["kind"]
        if not isinstance(chosen.leaf, str) or chosen.leaf not in kinds:
            raise ConfigError(
                f"{chosen.place}: {key}.kind",
                f"one of {', '.join(kinds)}",
                repr(chosen.leaf),
                nearest(str(chosen.leaf), kinds),
            )
        return self.built(kinds[chosen.leaf], node, key)

    def _plugged(self, node: Node, key: str) -> Any:
        make, options = plugged(node, key)
        return self.built(make, options, key)

    @staticmethod
    def _refuse_unknown(node: Node, known: Collection[str], key: str) -> None:
        for name in node.table or {}:
            if name not in known:
                dotted = f"{key}.{name}" if key else name
                place = node.named_at.get(name, node.place)
                raise ConfigError(
                    f"{place}: {dotted}", "a known key", repr(name), nearest(name, known)
                )


class told_at:
    """Tells errors from inside at the place of the config that they are about."""

    def __init__(self, node: Node, key: str) -> None:
        self._node, self._key = node, key

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, RlbatchError) or isinstance(error, PlugError):
            return
        node, path = self._node, [self._key] if self._key else []
        for part in error.where.split("."):
            if node.table is not None and part in node.table:
                node, path = node.table[part], [*path, part]
        raise error.at(f"{node.place}: {'.'.join(path) or error.where}") from None


def plugged(node: Node, key: str) -> tuple[Callable[..., Any], Node]:
    """What `plug:` names, and the table of its options."""
    if node.table is None or "plug" not in node.table:
        raise ConfigError(f"{node.place}: {key}", 'plug: "module:Name"', "none")
    try:
        make: Any = load(_leaf(str, node.table["plug"], f"{key}.plug"))
    except PlugError as lost:
        place = f"{node.table['plug'].place}: {key}.plug"
        raise ConfigError(place, lost.expected, lost.got, lost.advice) from None
    rest = {name: child for name, child in node.table.items() if name != "plug"}
    return make, Node(node.place, table=rest, named_at=node.named_at)


def _leaf(wanted: Any, node: Node, key: str) -> Any:
    """Plain data of a plain type, without coercion: "32" is no int, and neither is true."""
    plain = node.plain()
    try:
        return TypeAdapter(wanted).validate_json(json.dumps(plain), strict=True)
    except ValidationError as refused:
        what = refused.errors()[0]["msg"].removeprefix("Input should be ")
        raise ConfigError(f"{node.place}: {key}", what, repr(plain)) from None
    except TypeError:
        raise ConfigError(f"{node.place}: {key}", "plain data", repr(plain)) from None


def _kind(option: type) -> str:
    literal = get_type_hints(option)["kind"]
    assert get_origin(literal) is Literal
    return str(get_args(literal)[0])


def _default(make: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """What a parameter is where it is left out."""
    if dataclasses.is_dataclass(make):
        found = {field.name: field for field in dataclasses.fields(make)}[parameter.name]
        if found.default_factory is not dataclasses.MISSING:
            return found.default_factory()
    return None if parameter.default is inspect.Parameter.empty else parameter.default


def _hashable(wanted: Any) -> bool:
    try:
        hash(wanted)
    except TypeError:
        return False
    return True
