"""Settings of a comparison: what is compared, on what budget, and what was planned."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from rlbatch.compare.measures import MEASURES, RETURN
from rlbatch.errors import nearest, require
from rlbatch.train.settings import Iso

Axis = Literal["env_steps", "updates", "samples"]
Control = Literal["matched", "random", "lr0", "yoked", "shuffled", "reversed"]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


class Contrast(NamedTuple):
    """One regime against another."""

    treatment: str
    control: str

    @property
    def name(self) -> str:
        return f"{self.treatment} vs {self.control}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """A way to choose B; its overrides of the base config are the config's."""

    name: str
    control: Control | None = None  # made from another regime, see rlbatch.compare.controls
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
        require(self.states >= 3, "probe.states", "at least 3", self.states)
        require(self.episodes >= 1, "probe.episodes", "at least 1", self.episodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that a comparison config says beside what is trained."""

    name: str
    regimes: tuple[Regime, ...]
    envs: tuple[Env, ...]
    seed: int = 1
    seeds: int = 10  # paired: the same in every regime
    budget: Axis = "env_steps"  # the axis along which curves are compared
    iso: Iso = "updates"
    baseline: str | None = None  # None: the first regime
    plan: Plan = field(default_factory=Plan)
    tune: Tune | None = None
    probe: Reference | None = None
    variants: tuple[str, ...] = ()  # names of perturbed environments
    run_dir: str | None = None  # None: runs/compare-<name>

    def __post_init__(self) -> None:
        names = [regime.name for regime in self.regimes]
        require(len(names) >= 1, "regimes", "at least 1", 0)
        require(len(self.envs) >= 1, "envs", "at least 1", 0)
        self._check_tuned(names)
        require(self.seeds >= 1, "seeds", "at least 1", self.seeds)
        require(self.seed >= 0, "seed", "an integer ≥ 0", self.seed)
        self._check_baseline(names)
        for regime in self.regimes:
            if regime.of is not None:
                self._known(f"regimes.{regime.name}.of", regime.of, names)
                first = self._regime(regime.of).control is None
                where = f"regimes.{regime.name}.of"
                require(first, where, "a regime that is no control itself", regime.of)
        self.contrasts()
        met = self.plan.n in (None, self.seeds)
        require(met, "plan.n", f"the number of seeds ({self.seeds})", self.plan.n)
        scaled = len(self.envs) == 1 or all(env.score is not None for env in self.envs)
        advice = "Say envs.<name>.score: [lowest, highest]."
        require(scaled, "envs", "a score range for each of several", "one without", advice)
        self._check_other_seeds()

    def _check_baseline(self, names: Sequence[str]) -> None:
        told, planned = self.baseline, self.plan.baseline
        same = told is None or planned is None or told == planned
        require(same, "plan.baseline", f"the same as baseline ({told})", planned)
        chosen = told or planned or names[0]
        self._known("baseline", chosen, names)
        object.__setattr__(self, "baseline", chosen)

    def _check_tuned(self, names: Sequence[str]) -> None:
        """A tuned regime has a name that is not another's."""
        taken = [name for name in names if self.tune is not None and f"{name}+tuned" in names]
        require(
            not taken, "regimes", "names that tuning does not make", [f"{n}+tuned" for n in taken]
        )

    def _check_other_seeds(self) -> None:
        """Tuning and reference seeds are never those that are reported."""
        own = set(self.lane_seeds)
        if self.tune is not None:
            others = set(range(self.tune.seed, self.tune.seed + self.tune.seeds))
            require(not own & others, "tune.seed", "seeds other than the test's", self.tune.seed)
        if self.probe is not None:
            met = self.probe.seed not in own
            require(met, "probe.seed", "a seed other than the test's", self.probe.seed)

    @property
    def lane_seeds(self) -> list[int]:
        return [self.seed + k for k in range(self.seeds)]

    def contrasts(self) -> list[Contrast]:
        """The planned ones, in order.

        Raises:
            ConfigError: one that names no regime, or the same one twice.
        """
        names = [regime.name for regime in self.regimes]
        found = []
        for text in self.plan.contrasts:
            treatment, _, control = (part.strip() for part in text.partition(" vs "))
            pair = Contrast(treatment, control or str(self.baseline))
            for side in pair:
                self._known("plan.contrasts", side, names)
            require(treatment != pair.control, "plan.contrasts", "two regimes", repr(text))
            found.append(pair)
        told = [pair.name for pair in found]
        require(len(set(found)) == len(found), "plan.contrasts", "each once", told)
        return found

    def _regime(self, name: str) -> Regime:
        return next(regime for regime in self.regimes if regime.name == name)

    @staticmethod
    def _known(where: str, name: str, names: Sequence[str]) -> None:
        require(name in names, where, "the name of a regime", repr(name), nearest(name, names))


def _check_name(name: str, where: str) -> None:
    advice = "It becomes the name of a folder."
    met = _NAME.fullmatch(name) is not None
    require(met, where, "a name of letters, digits and . _ + -", repr(name), advice)
