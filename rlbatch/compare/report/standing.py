"""Which cells of the stability table may be bold: never learning must not look stable."""

from __future__ import annotations

from typing import Literal

from rlbatch.compare.measures import MEASURES
from rlbatch.compare.report.reading import Report, against_baseline

Standing = Literal["better", "worse", "void", "open"]


def standing(report: Report, name: str, measure: str) -> Standing:
    """How a regime stands to the baseline in one measure.

    Returns:
        "better" where the paired 95 % interval excludes zero on the better side,
        "worse" where on the other, "void" where a stability measure is better but the regime
        is not shown to learn as much as the baseline, "open" else.
    """
    known, paired = MEASURES.get(measure), against_baseline(report, name, measure)
    if known is None or paired is None or paired.low is None or paired.high is None:
        return "open"
    worst, best = sorted((known.sign * paired.low, known.sign * paired.high))
    if best < 0.0:
        return "worse"
    if worst <= 0.0:
        return "open"
    return "better" if known.about == "performance" or learns(report, name) else "void"


def learns(report: Report, name: str) -> bool:
    """Non-inferior in AUC: the interval's lower bound lies above −margin."""
    paired, margin = against_baseline(report, name, "auc"), report["plan"].get("margin")
    if paired is None or paired.low is None or margin is None:
        return False
    return bool(paired.low > -margin)
