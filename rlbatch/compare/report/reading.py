"""How numbers are read out of a report, and how they are written for people."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from rlbatch.compare.measures import MEASURES

Report = dict[str, Any]  # report.json: plain JSON types, None where a number does not exist

NONE = "–"  # where there is no number


class Paired(NamedTuple):
    """A regime minus the baseline, on the same seeds; 95 % interval where there is one."""

    difference: float
    low: float | None
    high: float | None


def value(regime: Report, measure: str) -> float | None:
    """Of a regime's entry, by the measure's name."""
    if measure == "final_return":
        return regime.get("final_return_iqm")
    if measure == "time_to_threshold":
        times = regime.get("time_to_threshold") or {}
        return (times.get("env_steps") or {}).get("restricted_mean")
    return regime.get(measure)


def interval(regime: Report, measure: str) -> list[float] | None:
    """95 % interval of a regime's value, None where there is none."""
    known = regime.get("ci") or {}
    return known.get(measure) or known.get(f"{measure}_iqm")


def against_baseline(report: Report, name: str, measure: str) -> Paired | None:
    """The regime minus the baseline, whichever way round the pair was planned."""
    baseline = baseline_of(report, name)
    for pair in report["pairs"].values():
        ends = pair["treatment"], pair["control"]
        entry = pair.get(measure)
        if entry is None or entry.get("difference") is None or pair.get("identical"):
            continue
        low, high = entry.get("ci") or (None, None)
        if ends == (name, baseline):
            return Paired(entry["difference"], low, high)
        if ends == (baseline, name):
            return Paired(-entry["difference"], flipped(high), flipped(low))
    return None


def identical(report: Report, name: str) -> bool:
    """Whether the regime's runs and the baseline's are the same runs."""
    ends = {name, baseline_of(report, name)}
    pairs = report["pairs"].values()
    return any({pair["treatment"], pair["control"]} == ends and pair["identical"] for pair in pairs)


def baseline_of(report: Report, name: str) -> str:
    """The baseline; the tuned one of a tuned regime."""
    baseline = str(report["plan"]["baseline"])
    tuned = f"{baseline}+tuned"
    both = name.endswith("+tuned") and tuned in report["regimes"]
    return tuned if both and name != tuned else baseline


def flipped(number: float | None) -> float | None:
    """−x."""
    return None if number is None else -number


def endpoints(report: Report) -> list[str]:
    """The measure of what is learned and that of stability, planned or not."""
    plan = report["plan"]
    return list(dict.fromkeys((plan["primary"], plan["co_primary"] or "LRT")))


def contrast(pair: Report) -> str:
    """What is subtracted from what; a pair's own name may leave the baseline unsaid."""
    return f"{pair['treatment']} − {pair['control']}"


def measures_of(pair: Report) -> list[str]:
    """Of a pair, in the order of the registry; what the registry does not know comes last."""
    found = [key for key, entry in pair.items() if isinstance(entry, dict)]
    order = list(MEASURES)
    return sorted(found, key=lambda key: order.index(key) if key in order else len(order))


def label(measure: str) -> str:
    """For people."""
    known = MEASURES.get(measure)
    return known.label if known else measure.replace("_", " ")


def short(measure: str) -> str:
    """For the head of a column: LRT stays LRT."""
    names = {"auc": "AUC", "time_to_threshold": "time to threshold"}
    return names.get(measure, measure.replace("_", " "))


def arrow(measure: str) -> str:
    """Which direction is better."""
    known = MEASURES.get(measure)
    return {None: "", "higher": "↑", "lower": "↓"}[known.better if known else None]


def show(*numbers: float | None) -> list[str]:
    """Numbers of one kind, with as many decimals as the largest of them deserves."""
    sizes = [abs(number) for number in numbers if number is not None]
    largest = max((size for size in sizes if math.isfinite(size)), default=0.0)
    decimals = 0 if largest >= 1000 else 1 if largest >= 100 else 2 if largest >= 1 else 3
    return [NONE if number is None else _written(number, decimals) for number in numbers]


def show_one(number: float | None) -> str:
    """One number alone."""
    return show(number)[0]


def show_interval(bounds: list[float] | None, *like: float | None) -> str:
    """`[low, high]`, or nothing; decimals fit for `like` too."""
    if bounds is None:
        return ""
    low, high = show(*bounds, *like)[:2]
    return f"[{low}, {high}]"


def show_p(p: float | None) -> str:
    """Of a test."""
    return NONE if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _written(number: float, decimals: int) -> str:
    if number and abs(number) < 0.5 * 10.0**-decimals:
        text = f"{number:.0e}"
    elif not math.isfinite(number):
        text = str(number)
    else:
        text = f"{number:,.{decimals}f}"
    zero = not any(digit in "123456789" for digit in text) and math.isfinite(number)
    return text.lstrip("-") if zero else text.replace("-", "−")
