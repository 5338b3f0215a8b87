"""A comparison config: its keys, and a training config for each of its runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rlbatch.compare.comparison import Comparison
from rlbatch.compare.settings import Env, Regime
from rlbatch.config.bind import told_at
from rlbatch.config.experiment import BINDER, Experiment, build
from rlbatch.config.source import Node, merged, node_of, read
from rlbatch.errors import ConfigError, require
from rlbatch.train.settings import Iso, TrainSettings

_OWN = ("base", "set", "regimes", "envs", "robustness")  # the rest are Comparison's fields


class ComparisonFile(NamedTuple):
    """A comparison, and what its runs are trained with."""

    comparison: Comparison
    base: Node
    envs: dict[str, Node]  # overrides of the base
    regimes: dict[str, Node]  # overrides of the environment's
    variants: dict[str, Node]  # overrides of `env`, to play in and not to train in
    compile: str | None = None  # of every run alike: on or off; None: not known yet

    def resolve(self, env: str, regime: str | None, extra: Mapping[str, Any]) -> Experiment:
        """The training run of a regime in an environment.

        Args:
            env: its name.
            regime: its name; None for none of the regimes' overrides.
            extra: dotted keys with plain values, laid over everything.
        """
        tree = merged(self.base, self.envs[env])
        if regime is not None:
            own = next(r for r in self.comparison.regimes if r.name == regime)
            for name in filter(None, (own.of, regime)):
                tree = merged(tree, self.regimes[name])
        if self.compile is not None:
            tree = merged(tree, node_of("compile", self.compile, f"{regime}: compile"))
        for key, value in extra.items():
            tree = merged(tree, node_of(key, value, f"{regime}: {key}"))
        return build(tree, regime or self.comparison.name)

    def variant(self, env: str, name: str) -> Experiment:
        """An environment perturbed, as the experiment of a run in it."""
        changed = Node("robustness", table={"env": self.variants[name]})
        return build(merged(merged(self.base, self.envs[env]), changed), name)

    def declared(self) -> dict[str, Any]:
        """All of it as plain data, what the plan's hash is taken of."""
        return {
            "base": self.base.plain(),
            "envs": {name: node.plain() for name, node in self.envs.items()},
            "regimes": {name: node.plain() for name, node in self.regimes.items()},
            "robustness": {name: node.plain() for name, node in self.variants.items()},
        }


def read_comparison(path: Path, overrides: Sequence[str] = ()) -> ComparisonFile:
    """What a comparison config says; every run of it is built once, so that errors come first.

    Raises:
        ConfigError: the first key that is unknown, missing, of the wrong type or senseless.
    """
    tree = read(path, overrides)
    assert tree.table is not None
    base = _base(tree, path)
    if "set" in tree.table:
        base = merged(base, _table(tree.table["set"], "set"))
    regimes, described = _regimes(tree)
    envs, settings = _envs(tree, base)
    variants = _tables(tree, "robustness")
    rest = {name: node for name, node in tree.table.items() if name not in _OWN}
    node = dataclasses.replace(tree, table=rest)
    given: dict[str, Any] = {"name": path.stem, "regimes": described, "envs": settings}
    given["variants"] = tuple(variants)
    arguments = BINDER.call(Comparison, node, "", tuple(given))
    if "iso" not in rest and "iso" in (base.table or {}):
        arguments["iso"] = BINDER.value(Iso, (base.table or {})["iso"], "iso")
    with told_at(tree, ""):
        comparison = Comparison(**arguments, **given)
    found = ComparisonFile(comparison, base, envs, regimes, variants)
    return found._replace(compile="on" if _try_all(found) else "off")


def _try_all(found: ComparisonFile) -> bool:
    """Builds every run; would each compile? That rounds otherwise, so all of them do, or none."""
    compiled, own = [], {"iso": found.comparison.iso, "seeds": found.comparison.seeds}
    for env in found.envs:
        for regime in found.comparison.regimes:
            run = found.resolve(env, regime.name, own)
            _refuse_unlike(run.train, f"regimes.{regime.name}")
            compiled.append(run.compile)
        for name in found.variants:
            found.variant(env, name)
    return all(compiled)


def _refuse_unlike(train: TrainSettings, where: str) -> None:
    """Every run of a comparison has the lanes and the length of the plan, on any machine."""
    timed = getattr(train.batch.schedule, "needs_throughput", False)
    advice = "Replay its decisions.csv, which then is a regime like any other."
    wanted = "a schedule that does not hang on the machine's speed"
    got = type(train.batch.schedule).__name__
    require(not timed, f"{where}: batch.schedule", wanted, got, advice)
    single = len(train.arms()) == 1
    advice = "Let the regimes be what differs; tune: chooses learning rates."
    require(single, f"{where}: lanes", "no sweep", "one", advice)
    told = train.stop and f"to stop early on {train.stop.on}"
    advice = "Runs of unequal length bias a comparison: set: {stop: null}."
    require(train.stop is None, f"{where}: stop", "a run of the whole budget", told, advice)


def _base(tree: Node, path: Path) -> Node:
    assert tree.table is not None
    if "base" not in tree.table:
        raise ConfigError(tree.place, "'base'", "none", "base: ../cartpole.yaml")
    base = tree.table["base"]
    return base if base.table is not None else read(path.parent / str(base.leaf))


def _regimes(tree: Node) -> tuple[dict[str, Node], tuple[Regime, ...]]:
    tables = _tables(tree, "regimes")
    if not tables:
        advice = "regimes: {fixed: {batch: {schedule: {kind: fixed, rows: 128}}}}"
        raise ConfigError(tree.place, "'regimes'", "none", advice)
    described = []
    for name, node in tables.items():
        assert node.table is not None
        words = {key: node.table.pop(key).leaf for key in ("control", "of") if key in node.table}
        words = {key: None if word is None else str(word) for key, word in words.items()}
        with told_at(node, f"regimes.{name}"):
            described.append(Regime(name=name, **words))
    return tables, tuple(described)


def _envs(tree: Node, base: Node) -> tuple[dict[str, Node], tuple[Env, ...]]:
    """Overrides and settings of each environment; a list names Gymnasium ids."""
    assert tree.table is not None
    told = tree.table.get("envs")
    if told is None:
        return {_env_name(base): Node("envs", table={})}, (Env(name=_env_name(base)),)
    if told.table is None:
        if not (isinstance(told.leaf, list) and all(isinstance(i, str) for i in told.leaf)):
            raise ConfigError(f"{told.place}: envs", "a list of ids or a table", repr(told.leaf))
        nodes = {i: node_of("env.id", i, told.place) for i in told.leaf}
        return nodes, tuple(Env(name=i) for i in nodes)
    nodes, settings = {}, []
    for name, node in _tables(tree, "envs").items():
        assert node.table is not None
        nodes[name] = node.table.pop("set", Node(node.place, table={}))
        arguments = BINDER.call(Env, node, f"envs.{name}", ("name",))
        with told_at(node, f"envs.{name}"):
            settings.append(Env(name=name, **arguments))
    return nodes, tuple(settings)


def _env_name(base: Node) -> str:
    env = (base.table or {}).get("env", Node("", table={})).plain() or {}
    return str(env.get("id") or str(env.get("plug", "env")).rpartition(":")[2])


def _tables(tree: Node, key: str) -> dict[str, Node]:
    """The named tables under a key, dotted keys inside them spread out."""
    assert tree.table is not None
    if key not in tree.table:
        return {}
    nodes = _table(tree.table[key], key).table or {}
    return {name: _spread(_table(node, f"{key}.{name}")) for name, node in nodes.items()}


def _table(node: Node, key: str) -> Node:
    if node.table is None and node.leaf is None:
        return Node(node.place, table={})
    if node.table is None:
        raise ConfigError(f"{node.place}: {key}", "a table", repr(node.leaf))
    return node


def _spread(node: Node) -> Node:
    """`{batch.schedule.rows: 32}` as tables in tables."""
    spread = dataclasses.replace(node, table={})
    for name, child in (node.table or {}).items():
        for part in reversed(name.split(".")[1:]):
            child = Node(child.place, table={part: child})
        first = name.partition(".")[0]
        at = node.named_at.get(name, child.place)
        spread = merged(spread, Node(node.place, table={first: child}, named_at={first: at}))
    return spread
