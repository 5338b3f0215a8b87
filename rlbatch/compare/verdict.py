"""The answer in plain words, from the planned contrasts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rlbatch.compare.measures import MEASURES

Report = Mapping[str, Any]
Standing = Literal["better", "worse", "no worse", "open"]


def verdict(report: Report, notes: Sequence[str]) -> dict[str, Any]:
    """Headline, a line for each contrast, and the notes.

    A difference counts where its Holm-adjusted p is at most α and there are enough paired seeds.
    Steadier counts only where the area under the curve is no worse than the control's, by the
    plan's margin: what never learns is steady too.

    Args:
        report: everything but the verdict.
        notes: what else has to be said.
    """
    plan, pairs = report["plan"], report["pairs"]
    planned = [pair for pair in pairs.values() if pair["role"] == "primary"]
    told = {pair["treatment"] + pair["control"]: _line(pair, plan) for pair in planned}
    lines = list(told.values())
    if not planned:
        lines = ["Nothing was planned, so nothing is tested; the intervals are exploratory."]
    lines += _same([pair for pair in pairs.values() if pair["role"] != "primary"])
    lines += _unlearned(report)
    return {"headline": _headline(planned, plan), "lines": lines, "notes": list(notes)}


def learned(pair: Mapping[str, Any], plan: Report) -> Standing:
    """How the treatment's area under the curve stands against the control's."""
    auc = pair.get("auc")
    if auc is None:
        return "open"
    if significant(auc, plan):
        return "better" if auc["difference"] > 0 else "worse"
    if auc["ci"] is not None and auc["ci"][0] >= -plan["margin"]:
        return "no worse"
    return "open"


def steadier(pair: Mapping[str, Any], plan: Report) -> Standing:
    """How the co-primary measure of stability stands, before it is asked what was learned."""
    measure = plan["co_primary"]
    own = pair.get(measure) if measure else None
    if own is None or not significant(own, plan):
        return "open"
    return "better" if own["difference"] * MEASURES[measure].sign > 0 else "worse"


def significant(own: Mapping[str, Any], plan: Report) -> bool:
    """Is a difference one that counts?"""
    enough = own["n"] >= max(6, plan["least_seeds"])
    return bool(enough and own["p_holm"] is not None and own["p_holm"] <= plan["alpha"])


def _headline(planned: Sequence[Mapping[str, Any]], plan: Report) -> str:
    if not planned:
        return "Exploratory: no contrast was planned before training."
    if all(pair["identical"] for pair in planned):
        return "The regimes compared are one and the same: not one number differs."
    if min(pair[plan["primary"]]["n"] for pair in planned) < max(6, plan["least_seeds"]):
        return (
            f"Too few paired seeds for a verdict: {plan['n']}, where {plan['least_seeds']} are the "
            "least that could show one."
        )
    wins = [p["treatment"] for p in planned if wins_over(p, plan)]
    losses = [p["treatment"] for p in planned if learned(p, plan) == "worse"]
    if not wins and not losses:
        return "No planned contrast shows a difference."
    told = []
    if wins:
        told.append(f"better or steadier than its control: {', '.join(wins)}")
    if losses:
        told.append(f"learned less than its control: {', '.join(losses)}")
    return f"Of {len(planned)} planned contrasts, " + "; ".join(told) + "."


def wins_over(pair: Mapping[str, Any], plan: Report) -> bool:
    """Did the treatment learn more, or was it steadier and learned no less?"""
    how = learned(pair, plan)
    return how == "better" or (how == "no worse" and steadier(pair, plan) == "better")


def _line(pair: Mapping[str, Any], plan: Report) -> str:
    one, other = pair["treatment"], pair["control"]
    if pair["identical"]:
        return f"{one} is {other}: every paired difference is exactly zero."
    auc = pair.get(plan["primary"])
    if auc is None:
        return f"{one} against {other}: not compared."
    words = {
        "better": f"{one} learned more than {other}",
        "worse": f"{one} learned less than {other}",
        "no worse": f"{one} learned no less than {other}",
        "open": f"{one} against {other}: whether it learned more or less is open",
    }
    return f"{words[learned(pair, plan)]} ({_numbers(auc, plan['primary'])}). " + _stability(
        pair, plan
    )


def _stability(pair: Mapping[str, Any], plan: Report) -> str:
    measure, how = plan["co_primary"], steadier(pair, plan)
    own = pair.get(measure) if measure else None
    if own is None:
        return "Stability was not compared."
    told = _numbers(own, measure)
    if how == "open":
        return f"No difference in stability is shown ({told})."
    if how == "worse":
        return f"It was less steady ({told})."
    if learned(pair, plan) in ("better", "no worse"):
        return f"It was steadier ({told})."
    return f"Its curve moves less ({told}), which does not count: it may only have learned less."


def _numbers(own: Mapping[str, Any], measure: str) -> str:
    told = f"{MEASURES[measure].label}: {own['difference']:+.3g}"
    if own["ci"] is not None:
        told += f", 95 % interval {own['ci'][0]:+.3g} to {own['ci'][1]:+.3g}"
    if own["p_holm"] is not None:
        told += f", p = {own['p_holm']:.2g} after Holm"
    return told + f", {own['n']} pairs"


def _same(others: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{pair['treatment']} is {pair['control']}: every paired difference is exactly zero."
        for pair in others
        if pair["identical"]
    ]


def _unlearned(report: Report) -> list[str]:
    """Regimes whose every curve is flat."""
    told = []
    for name, own in report["regimes"].items():
        curves = [y for c in own["curves"].values() for y in c["seeds"].values()]
        if curves and all(max(y) == min(y) for y in curves):
            told.append(f"{name} never learned: its curves are flat, and steadiness means nothing.")
    return told
