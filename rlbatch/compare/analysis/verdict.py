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
        why = "The plan was not kept" if broken(plan) else "Nothing was planned"
        lines = [f"{why}, so nothing is tested; the intervals are exploratory."]
    lines += _same([pair for pair in pairs.values() if pair["role"] != "primary"])
    lines += _unlearned(report)
    return {"headline": _headline(planned, plan), "lines": lines, "notes": list(notes)}


def broken(plan: Report) -> bool:
    """Was there a plan that was not kept?"""
    return bool(plan["hash"] and not plan["kept"])


def learned(pair: Mapping[str, Any], plan: Report) -> Standing:
    """How much the treatment learned against the control, in the primary measure; "no worse" is
    said of the area under the curve. A treatment that never learned can only be worse."""
    name = plan["primary"]
    own, auc = pair.get(name), pair.get("auc")
    if own is not None and significant(own, plan):
        gain = own["difference"] * MEASURES[name].sign
        return "worse" if gain < 0 else "open" if pair["unlearned"] else "better"
    if auc is None or auc["ci"] is None or pair["unlearned"] or not enough(auc, plan):
        return "open"
    return "no worse" if auc["ci"][0] >= -plan["margin"] else "open"


def steadier(pair: Mapping[str, Any], plan: Report) -> Standing:
    """How the co-primary measure of stability stands, before it is asked what was learned."""
    measure = plan["co_primary"]
    own = pair.get(measure) if measure else None
    if own is None or not significant(own, plan):
        return "open"
    return "better" if own["difference"] * MEASURES[measure].sign > 0 else "worse"


def significant(own: Mapping[str, Any], plan: Report) -> bool:
    """Is a difference one that counts?"""
    known = enough(own, plan) and own["p_holm"] is not None
    return bool(known and own["p_holm"] <= plan["alpha"])


def enough(own: Mapping[str, Any], plan: Report) -> bool:
    """Are there seeds enough for a difference to count at all?"""
    return bool(own["n"] >= max(6, plan["least_seeds"]))


def _headline(planned: Sequence[Mapping[str, Any]], plan: Report) -> str:
    if not planned and broken(plan):
        return "Exploratory: the plan was not kept, the notes say why."
    if not planned:
        return "Exploratory: no contrast was planned before training."
    if all(pair["identical"] for pair in planned):
        return "The regimes compared are one and the same: not one number differs."
    n = min(pair[plan["primary"]]["n"] if plan["primary"] in pair else 0 for pair in planned)
    if n < max(6, plan["least_seeds"]):
        return (
            f"Too few paired seeds for a verdict: {n}, where {plan['least_seeds']} are the "
            "least that could show one."
        )
    wins = [_pair(p, "over") for p in planned if wins_over(p, plan)]
    losses = [_pair(p, "than") for p in planned if learned(p, plan) == "worse"]
    if not wins and not losses:
        return "No planned contrast shows a difference."
    told = []
    if wins:
        told.append(f"better or steadier: {', '.join(wins)}")
    if losses:
        told.append(f"learned less: {', '.join(losses)}")
    return f"Of {len(planned)} planned contrasts, " + "; ".join(told) + "."


def _pair(pair: Mapping[str, Any], word: str) -> str:
    return f"{pair['treatment']} {word} {pair['control']}"


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
    how = words[learned(pair, plan)]
    if pair["unlearned"] and learned(pair, plan) == "open":
        how = f"{one} never learned, so it cannot have learned more than {other}"
    return f"{how} ({_numbers(auc, plan['primary'], plan)}). " + _stability(pair, plan)


def _stability(pair: Mapping[str, Any], plan: Report) -> str:
    measure, how = plan["co_primary"], steadier(pair, plan)
    own = pair.get(measure) if measure else None
    if own is None:
        return "Stability was not compared."
    told = _numbers(own, measure, plan)
    if how == "open":
        return f"No difference in stability is shown ({told})."
    if how == "worse":
        return f"It was less steady ({told})."
    if learned(pair, plan) in ("better", "no worse"):
        return f"It was steadier ({told})."
    return f"Its curve moves less ({told}), which does not count: it may only have learned less."


def _numbers(own: Mapping[str, Any], measure: str, plan: Report) -> str:
    """A difference in words; its p only where there are seeds enough for one."""
    told = f"{MEASURES[measure].label}: {own['difference']:+.3g}"
    if own["ci"] is not None:
        told += f", 95 % interval {own['ci'][0]:+.3g} to {own['ci'][1]:+.3g}"
    if own["p_holm"] is not None and enough(own, plan):
        told += f", p = {own['p_holm']:.2g} after Holm"
    return told + f", {own['n']} pair{'s' * (own['n'] != 1)}"


def _same(others: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{pair['treatment']} is {pair['control']}: every paired difference is exactly zero."
        for pair in others
        if pair["identical"]
    ]


def _unlearned(report: Report) -> list[str]:
    """Regimes that learn nothing by construction, or whose every curve is flat."""
    known = {pair["treatment"] for pair in report["pairs"].values() if pair["unlearned"]}
    told = []
    for name, own in report["regimes"].items():
        curves = [y for c in own["curves"].values() for y in c["seeds"].values()]
        flat = bool(curves) and all(len(y) > 1 and max(y) == min(y) for y in curves)
        if flat or name in known:
            told.append(f"{name} never learned, so that its steadiness means nothing.")
    return told
