"""What runs are compared by: names, units, and which direction is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One endpoint of a comparison."""

    label: str  # for people
    unit: str
    better: Literal["higher", "lower"]
    about: Literal["performance", "stability"]
    per_seed: bool  # False: only a group of runs has one

    @property
    def sign(self) -> int:
        """+1 where higher is better, −1 where lower is."""
        return 1 if self.better == "higher" else -1


def _of(label: str, unit: str, better: str, about: str, per_seed: bool = True) -> Measure:
    return Measure(label=label, unit=unit, better=better, about=about, per_seed=per_seed)  # type: ignore[arg-type]


RETURN, SHARE, SLOPE = "return", "share of the score range", "score ranges per budget"

MEASURES: dict[str, Measure] = {
    "auc": _of("area under the curve", RETURN, "higher", "performance"),
    "final_return": _of("final return", RETURN, "higher", "performance"),
    "time_to_threshold": _of("env steps to threshold", "env steps", "lower", "performance"),
    "worst_seed": _of("worst seed", RETURN, "higher", "performance", per_seed=False),
    "LRT": _of("long-term risk (LRT)", SHARE, "lower", "stability"),
    "DT": _of("dispersion across time (DT)", SLOPE, "lower", "stability"),
    "SRT": _of("short-term risk (SRT)", SLOPE, "higher", "stability"),
    "DF": _of("dispersion across rollouts (DF)", "share of the median", "lower", "stability"),
    "RF": _of("risk across rollouts (RF)", "share of the median", "higher", "stability"),
    "DR": _of("dispersion across runs (DR)", SHARE, "lower", "stability", per_seed=False),
    "RR": _of("risk across runs (RR)", SHARE, "higher", "stability", per_seed=False),
    "collapse_rate": _of("collapse rate", "share of seeds", "lower", "stability", per_seed=False),
}
