"""What a claim is, and what measuring it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.claims_tested.verdict import Rule, Verdict, bounds, together
from benchmarks.claims_tested.warm import Setting
from rlbatch.compare.inference import Interval


class Part(NamedTuple):
    """One number with its interval, judged by a rule that was there before it."""

    what: str
    found: Interval[float]
    verdict: Verdict
    remark: str = ""  # other figures of the same measurement, not judged

    def number(self) -> str:
        """The number, its interval and the remark."""
        low, high = bounds(self.found)
        told = f"{self.found.value:.3g} [{low:.3g}, {high:.3g}]"
        return f"{told} ({self.remark})" if self.remark else told


class Outcome(NamedTuple):
    """What was measured for a claim; nothing, where `verdict` is told without parts."""

    parts: Sequence[Part] = ()
    without: str = ""  # why there are no parts

    @property
    def verdict(self) -> Verdict:
        return together([part.verdict for part in self.parts]) if self.parts else "not yet"

    def row(self, name: str, says: str) -> list[str]:
        """A line of the table."""
        what = "; ".join(part.what for part in self.parts) or self.without
        numbers = "; ".join(part.number() for part in self.parts) or "-"
        return [f"{says} (`{name}`)", what, numbers, self.verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One falsifiable line, where it comes from, and what would make it hold here."""

    says: str
    source: str
    holds_where: str  # the rule in words; in numbers it stands in the measurement's file
    measure: Callable[[Setting], Outcome]


def judged(what: str, found: Interval[float], rule: Rule, remark: str = "") -> Part:
    """A part with the verdict of its rule."""
    return Part(what, found, rule(found), remark)
