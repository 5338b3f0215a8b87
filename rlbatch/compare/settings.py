"""Parts of a comparison: regimes, environments, plan, tuning, probe."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from rlbatch.compare.measures import MEASURES, RETURN
from rlbatch.errors import nearest, require

Axis = Literal["env_steps", "updates", "samples"]
Control = Literal["matched", "random", "lr0", "yoked", "shuffled", "reversed"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """A way to choose B; its overrides of the base config are the config's."""

    name: str
    control: Control | None = None  # made from another regime, see rlbatch.compare.study.controls
    of: str | None = None  # that regime

    def __post_init__(self) -> None:
        _check_name(self.name, "regimes")
        where = f"regimes.{self.name}"
        known = get_args(Control)
        met = self.control is None or self.control in known
        require(met, f"{where}.control", f"one of {', '.join(known)}", self.control)
        alike = (self.control is None) == (self.of is None)
        require(alike, where, "control and of together", "one of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """An environment that every regime trains in."""

    name: str
    score: tuple[float, float] | None = None  # lowest and highest return that count, a constant
    threshold: float | None = None  # return that counts as solved

    def __post_init__(self) -> None:
        _check_name(self.name, "envs")
        met = self.score is None or -math.inf < self.score[0] < self.score[1] < math.inf
        require(met, f"envs.{self.name}.score", "[lowest, highest]", self.score)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The config's `plan:` block: what will be tested, said before anything is trained."""

    primary: str = "auc"
    co_primary: str | None = "LRT"
    contrasts: tuple[str, ...] = ()  # "a vs b", or "a" for a against the baseline
    baseline: str | None = None  # as the key `baseline`
    n: int | None = None  # paired seeds; None: as many as `seeds`
    alpha: float = 0.05
    margin: float = 0.05  # share of the score range that AUC may lose and count as no worse

    def __post_init__(self) -> None:
        for name in self.endpoints:
            advice = nearest(name, MEASURES)
            require(name in MEASURES, "plan.primary", "a measure", repr(name), advice)
        gains = [n for n, m in MEASURES.items() if m.about == "performance" and m.unit == RETURN]
        known = ", ".join(gains)
        require(self.primary in gains, "plan.primary", f"one of {known}", self.primary)
        risk = self.co_primary is None or MEASURES[self.co_primary].about == "stability"
        require(risk, "plan.co_primary", "a measure of stability", self.co_primary)
        require(0.0 < self.alpha < 1.0, "plan.alpha", "a rate in (0, 1)", self.alpha)
        require(0.0 <= self.margin < 1.0, "plan.margin", "a share in [0, 1)", self.margin)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """What is tested in every planned contrast."""
        return (self.primary, self.co_primary) if self.co_primary else (self.primary,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tune:
    """The config's `tune:` block: the learning rate of every regime, chosen on other seeds."""

    seed: int = 10_000  # the first tuning seed
    seeds: int = 4
    factors: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the regime's own lr

    def __post_init__(self) -> None:
        require(self.seed >= 0, "tune.seed", "an integer ≥ 0", self.seed)
        require(self.seeds >= 1, "tune.seeds", "at least 1", self.seeds)
        met = len(self.factors) >= 2 and all(factor > 0 for factor in self.factors)
        require(met, "tune.factors", "at least 2 numbers > 0", list(self.factors))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The config's `probe:` block: the reference run whose states the inner signs are read on."""

    seed: int = 20_000  # of the reference run, a lane of the baseline
    states: int = 300  # a third random, a third mid-training, a third expert
    episodes: int = 10  # of each robustness variant

    def __post_init__(self) -> None:
        require(self.seed >= 0, "probe.seed", "an integer ≥ 0", self.seed)
        met = self.states >= 3 and self.states % 3 == 0
        require(met, "probe.states", "a multiple of 3, a third of each kind", self.states)
        require(self.episodes >= 1, "probe.episodes", "at least 1", self.episodes)


def _check_name(name: str, where: str) -> None:
    advice = "It becomes the name of a folder."
    met = _NAME.fullmatch(name) is not None
    require(met, where, "a name of letters, digits and . _ + -", repr(name), advice)
