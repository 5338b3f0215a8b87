"""From numbers, one a lane, to an interval and a verdict. The rules are fixed before measuring."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from rlbatch.compare.inference import Interval, estimate, generator
from rlbatch.errors import require

Verdict = Literal["holds", "does not hold", "depends", "undecided", "not yet"]
Floats = npt.NDArray[np.float64]


class Rule(Protocol):
    """What an interval says of a claim."""

    def __call__(self, found: Interval[float]) -> Verdict: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Holds where the whole interval lies in [low, high], does not where none of it does.

    An interval that reaches to both sides has decided nothing: "undecided".
    """

    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        require(self.low < self.high, "region", "low < high", (self.low, self.high))

    def __call__(self, found: Interval[float]) -> Verdict:
        low, high = bounds(found)
        if self.low <= low and high <= self.high:
            return "holds"
        return "does not hold" if high < self.low or low > self.high else "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponent:
    """Holds where the interval contains one exponent and none of its rivals.

    Without the one it does not hold; with the one and a rival it has decided nothing.
    """

    expected: float
    rivals: tuple[float, ...]

    def __call__(self, found: Interval[float]) -> Verdict:
        low, high = bounds(found)
        if not low <= self.expected <= high:
            return "does not hold"
        return "undecided" if any(low <= rival <= high for rival in self.rivals) else "holds"


def together(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on a claim of several parts: it depends where one holds and another does not."""
    told = set(verdicts)
    if len(told) == 1:
        return verdicts[0]
    return "depends" if "depends" in told or told >= {"holds", "does not hold"} else "undecided"


def mean(values: Floats, *names: str) -> Interval[float]:
    """The mean over lanes, or rounds, and its 95 % bootstrap interval; `names` seed it."""
    return estimate((np.asarray(values, np.float64),), generator("claims", *names), np.mean)


def ratio(above: Floats, below: Floats, *names: str) -> Interval[float]:
    """The geometric mean over pairs of above / below, and its 95 % bootstrap interval."""
    logs = np.log(np.asarray(above, np.float64) / np.asarray(below, np.float64))
    value, low, high = mean(logs, *names)
    ends = (None if end is None else math.exp(end) for end in (low, high))
    return Interval(math.exp(value), *ends)


def bounds(found: Interval[float]) -> tuple[float, float]:
    """Both ends; a number without an interval could be anything."""
    if found.low is None or found.high is None:
        return -math.inf, math.inf
    return found.low, found.high
