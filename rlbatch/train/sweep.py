"""Lanes that differ: numbers of which every combination trains with every seed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from rlbatch.errors import ConfigError, require
from rlbatch.learner import LearnerSettings
from rlbatch.learner.settings import HardTarget, PolyakTarget
from rlbatch.train.exploration import Exploration


class Arm(NamedTuple):
    """What the lanes of one combination train with."""

    values: dict[str, float]  # the numbers that are its own, {} without a sweep
    learner: LearnerSettings
    exploration: Exploration

    @property
    def name(self) -> str:
        """Such as "lr=0.001 clip_norm=10", "" without a sweep."""
        return " ".join(f"{name}={_short(value)}" for name, value in self.values.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The config's `lanes:` block; what is left out is the same in every lane.

    Lane a · seeds + k trains combination a with seed + k, so a sweep of n combinations is one run
    of n · seeds lanes, and every combination sees the same seeds.
    """

    lr: tuple[float, ...] = ()
    clip_norm: tuple[float, ...] = ()
    target_period: tuple[int, ...] = ()  # env steps, of a hard target
    tau: tuple[float, ...] = ()  # share per update, of a Polyak target
    epsilon_start: tuple[float, ...] = ()
    epsilon_end: tuple[float, ...] = ()
    epsilon_fraction: tuple[float, ...] = ()  # share of env_steps

    def __post_init__(self) -> None:
        for name, values in self.given().items():
            alone = len(set(values)) == len(values)
            require(alone, f"lanes.{name}", "numbers that differ", list(values))

    def given(self) -> dict[str, Sequence[float]]:
        """The numbers that are swept."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: values for name, values in own.items() if values}

    def arms(self, learner: LearnerSettings, exploration: Exploration) -> list[Arm]:
        """Every combination, the last number named moving fastest.

        Raises:
            ConfigError: a number that the setting refuses, or that the target has no use for.
        """
        given = self.given()
        return [
            _arm(dict(zip(given, values, strict=True)), learner, exploration)
            for values in itertools.product(*given.values())
        ]


def _arm(values: dict[str, float], learner: LearnerSettings, exploration: Exploration) -> Arm:
    rates = {n.removeprefix("epsilon_"): v for n, v in values.items() if n.startswith("epsilon_")}
    own = {n: v for n, v in values.items() if n in ("lr", "clip_norm")}
    try:
        exploration = replace(exploration, **rates)
        learner = replace(learner, **own, target=_target(learner.target, values))  # type: ignore[arg-type]
    except ConfigError as refused:
        raise refused.at(_swept(refused.where, values)) from None
    return Arm(values, learner, exploration)


def _swept(where: str, values: dict[str, float]) -> str:
    """The number of the sweep that a refused setting comes from; the setting where none does."""
    name = where.rpartition(".")[2]
    known = name, f"epsilon_{name}", f"target_{name}", "epsilon_start"  # below an end of all lanes
    return next((f"lanes.{own}" for own in known if own in values), where)


def _short(value: float) -> str:
    """As few digits as tell it from every other number."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def _target(
    target: HardTarget | PolyakTarget, values: dict[str, float]
) -> HardTarget | PolyakTarget:
    unfit = "tau" if isinstance(target, HardTarget) else "target_period"
    wanted = "polyak" if unfit == "tau" else "hard"
    require(unfit not in values, f"lanes.{unfit}", f"learner.target of kind {wanted}", target.kind)
    if isinstance(target, HardTarget):
        return replace(target, period=int(values.get("target_period", target.period)))
    return replace(target, tau=values.get("tau", target.tau))
