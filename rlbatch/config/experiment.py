"""A training config: its keys, and the objects that it becomes."""

from __future__ import annotations

import dataclasses
import functools
import os
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from rlbatch.config.bind import Binder, plugged, told_at
from rlbatch.config.compiling import settled
from rlbatch.config.kinds import CLOSED, OPEN
from rlbatch.config.source import Node, dumped
from rlbatch.contract import Agent, MakeEnv, Rule, Schedule
from rlbatch.errors import ConfigError, nearest, require
from rlbatch.train import TrainSettings

BINDER = Binder({Schedule: OPEN, Rule: (*OPEN, *CLOSED)})


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorBoardSettings:
    """The config's `tb:` block."""

    per_seed_max: int = 16  # seeds that get a run of their own

    def __post_init__(self) -> None:
        require(self.per_seed_max >= 0, "tb.per_seed_max", "at least 0", self.per_seed_max)


@dataclass(frozen=True, slots=True, kw_only=True)
class WandbSettings:
    """The config's `wandb:` block; left out, nothing is sent."""

    project: str = "rlbatch"
    mode: Literal["online", "offline", "disabled"] = "online"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """The config's `require:` block: what the final evaluation must reach, else exit 1."""

    worst_seed: float | None = None  # mean return of the lowest lane
    return_iqm: float | None = None  # over lanes


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Where and how a run is made, beside what is trained."""

    run_dir: str | None = None  # None: the next free runs/<config>-<n>
    device: str = "auto"  # auto, cpu, cuda, cuda:1
    threads: int | None = None  # of torch; None: one per core, at most 4
    compile: Literal["auto", "on", "off"] = "auto"  # programs, compiled when a shape is first met
    tb: TensorBoardSettings = field(default_factory=TensorBoardSettings)
    wandb: WandbSettings | None = None
    probe: str | None = None  # file of states on which policy churn is measured
    require: Requirements = field(default_factory=Requirements)

    def __post_init__(self) -> None:
        require(
            self.threads is None or self.threads >= 1, "threads", "at least 1 thread", self.threads
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Everything that a config file says, as objects."""

    name: str  # of the config file
    train: TrainSettings
    run: RunSettings
    agent: Agent
    make_env: MakeEnv
    per_lane: int  # environments a lane
    device: torch.device
    threads: int  # of torch
    compile: bool
    notes: tuple[str, ...]  # what `auto` could not become
    resolved: dict[str, Any]  # every key with its value, reloadable

    def text(self) -> str:
        """The resolved config as YAML."""
        return dumped(self.resolved)


def build(tree: Node, name: str) -> Experiment:
    """The experiment that a config tree describes.

    Raises:
        ConfigError: the first key that is unknown, missing, of the wrong type or senseless, with
            its place.
    """
    assert tree.table is not None
    _refuse_unknown(tree)
    train, run, plugs = _split(tree)
    train_settings: TrainSettings = BINDER.built(TrainSettings, train, "")
    run_settings: RunSettings = BINDER.built(RunSettings, run, "")
    agent, agent_told = _agent(plugs, tree)
    make_env, per_lane, env_told = _env(plugs, tree)
    with told_at(run, ""):
        device = pick_device(run_settings.device)
    threads = run_settings.threads or min(4, os.cpu_count() or 1)
    compile, notes = settled(run_settings.compile, train_settings, device)
    became: Literal["on", "off"] = "on" if compile else "off"
    run_settings = dataclasses.replace(run_settings, threads=threads, compile=became)
    resolved = {
        "env": env_told,
        "agent": agent_told,
        **_told_train(train_settings, train),
        **to_plain(run_settings),
        "device": str(device),
    }
    return Experiment(
        name=name,
        train=train_settings,
        run=run_settings,
        agent=agent,
        make_env=make_env,
        per_lane=per_lane,
        device=device,
        threads=threads,
        compile=compile,
        notes=notes,
        resolved=resolved,
    )


def pick_device(name: str) -> torch.device:
    """The torch device; `auto` is the first GPU where there is one."""
    found = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda" if found else "cpu")
    kind, colon, index = name.partition(":")
    spelt = kind in ("cpu", "cuda") and (not colon or (kind == "cuda" and index.isdigit()))
    require(spelt, "device", "auto, cpu, cuda or cuda:<n>", repr(name))
    there = kind == "cpu" or int(index or 0) < found
    require(there, "device", f"one of the {found} CUDA devices found", name, "Use device=cpu.")
    return torch.device(name)


def to_plain(value: Any) -> Any:
    """Settings as plain data that reads back as the same settings."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        own = {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        kind = {"kind": own.pop("kind")} if "kind" in own else {}
        return _plug_of(value) | kind | own
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: to_plain(item) for name, item in value.items()}
    return value


def _plug_of(value: object) -> dict[str, str]:
    """`plug:` of a schedule that is not one of ours; {} for settings of rlbatch."""
    own = type(value)
    return {} if own.__module__.startswith("rlbatch.") else {"plug": _name(own)}


def _name(make: Any) -> str:
    return f"{make.__module__}:{make.__qualname__}"


def _told_train(settings: TrainSettings, tree: Node) -> dict[str, Any]:
    """The training settings; a schedule that is no dataclass is told as it was written."""
    told: dict[str, Any] = to_plain(settings)
    if not dataclasses.is_dataclass(settings.batch.schedule):
        told["batch"]["schedule"] = tree.plain()["batch"]["schedule"]
    return told


def _refuse_unknown(tree: Node) -> None:
    """A misspelt key of the top level, whichever room it was meant for."""
    known = {f.name for kind in (TrainSettings, RunSettings) for f in dataclasses.fields(kind)}
    known |= {"env", "agent", "extends"}
    for name in tree.table or {}:
        if name not in known:
            place = tree.named_at.get(name, tree.place)
            advice = nearest(name, known)
            raise ConfigError(f"{place}: {name}", "a known key", repr(name), advice)


def _split(tree: Node) -> tuple[Node, Node, dict[str, Node]]:
    """The table by who reads it: training, the run, and the plugs."""
    assert tree.table is not None
    run_keys = {f.name for f in dataclasses.fields(RunSettings)}
    parts: tuple[dict[str, Node], dict[str, Node], dict[str, Node]] = ({}, {}, {})
    for name, node in tree.table.items():
        which = 2 if name in ("env", "agent") else 1 if name in run_keys else 0
        parts[which][name] = node
    train, run = (dataclasses.replace(tree, table=part) for part in parts[:2])
    return train, run, parts[2]


def _agent(plugs: dict[str, Node], tree: Node) -> tuple[Agent, dict[str, Any]]:
    if "agent" not in plugs:
        raise ConfigError(tree.place, "'agent'", "none", 'agent: {plug: "agents.dqn:DQN"}')
    make, options = plugged(plugs["agent"], "agent")
    agent = BINDER.built(make, options, "agent")
    if not isinstance(agent, Agent):
        raise ConfigError(
            plugs["agent"].place, "an Agent (network, loss, values)", type(agent).__name__
        )
    told = to_plain(agent) if dataclasses.is_dataclass(agent) else options.plain()
    return agent, {"plug": _name(make)} | told


def _env(plugs: dict[str, Node], tree: Node) -> tuple[MakeEnv, int, dict[str, Any]]:
    if "env" not in plugs:
        advice = 'env: {plug: "envs.gymnasium:make", id: CartPole-v1}'
        raise ConfigError(tree.place, "'env'", "none", advice)
    make, options = plugged(plugs["env"], "env")
    assert options.table is not None
    given = ("seeds", "per_lane", "device")
    per_lane = 1
    if "per_lane" in options.table:
        node = options.table.pop("per_lane")
        per_lane = BINDER.value(int, node, "env.per_lane")
        require(per_lane >= 1, f"{node.place}: env.per_lane", "at least 1", per_lane)
    arguments = BINDER.call(make, options, "env", given)
    told = {"plug": _name(make), "per_lane": per_lane, **to_plain(arguments)}
    located = functools.partial(_make_told, make, options)
    return functools.partial(located, **arguments), per_lane, told


def _make_told(make: Any, options: Node, **arguments: Any) -> Any:
    with told_at(options, "env"):
        return make(**arguments)
