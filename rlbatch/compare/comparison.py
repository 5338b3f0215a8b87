"""A comparison as a whole: its parts have to agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rlbatch.compare.settings import Axis, Env, Plan, Reference, Regime, Tune
from rlbatch.errors import nearest, require
from rlbatch.train.settings import Iso


class Contrast(NamedTuple):
    """One regime against another."""

    treatment: str
    control: str

    @property
    def name(self) -> str:
        return f"{self.treatment} vs {self.control}"

    def key(self, baseline: str) -> str:
        """Its name in a report: the treatment's alone where it is against the baseline."""
        return self.treatment if self.control == baseline else self.name


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
