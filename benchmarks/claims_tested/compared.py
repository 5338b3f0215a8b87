"""Verdicts from the comparisons that were already made, read from their published numbers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from benchmarks.claims_tested.claim import Claim, Outcome, Part, judged
from benchmarks.claims_tested.verdict import Floats, Region, mean, ratio
from benchmarks.claims_tested.warm import ROOT, Setting
from rlbatch.compare.inference import Interval

FOLDER = ROOT / "docs/comparisons"
BUDGETS = {"equal updates": "cartpole.json", "equal rows": "cartpole-samples.json"}
CHANGED = ("gravity-14.7", "pole-0.75", "force-7")  # physics that training never saw
SMALL, LARGE = "fixed-32", "fixed-512"


def measure_generalisation(setting: Setting) -> Outcome:
    """Return under changed physics, and sharpness, of 512 rows against 32."""
    parts = []
    for budget, file in BUDGETS.items():
        large, small = (report(file)["regimes"][name] for name in (LARGE, SMALL))
        gap = mean(robust(large) - robust(small), "robust", budget)
        what = f"return under changed physics, 512 − 32, {budget}"
        parts.append(judged(what, gap, Region(high=0.0)))
        sharp = ratio(sharpness(large), sharpness(small), "sharp", budget)
        parts.append(judged(f"sharpness, 512 / 32, {budget}", sharp, Region(low=1.0)))
    return Outcome(parts)


def measure_small(setting: Setting) -> Outcome:
    """Area under the learning curve, 512 rows against 32."""
    contrast = f"{LARGE} vs {SMALL}"
    return Outcome(
        [
            _pair("AUC, 512 − 32", file, budget, contrast, Region(high=0.0))
            for budget, file in BUDGETS.items()
        ]
    )


def measure_growing(setting: Setting) -> Outcome:
    """Small batches early and large ones late: against the reverse, and against their mean."""
    rule = Region(low=0.0)
    return Outcome(
        [
            _pair(f"AUC, up − {other}", file, budget, f"epsilon-up vs {name}", rule)
            for budget, file in BUDGETS.items()
            for other, name in (("down", "epsilon-down"), ("its mean", "matched-up"))
        ]
    )


def measure_adaptive(setting: Setting) -> Outcome:
    """Adaptive batch scaling against a fixed size, and against another seed's sizes."""
    if not (FOLDER / "controllers.json").exists():
        return Outcome(without="configs/compare/controllers.yaml, once it is published")
    return Outcome(
        [
            _pair(f"AUC, abs − {other}", "controllers.json", "equal updates", name, Region(low=0.0))
            for other, name in (("fixed 128", "abs"), ("yoked", "abs vs yoked-abs"))
        ]
    )


def report(file: str) -> dict[str, Any]:
    """A comparison's numbers."""
    told: dict[str, Any] = json.loads((FOLDER / file).read_text())
    return told


def robust(regime: dict[str, Any]) -> Floats:
    """Mean return over the changed physics, one number a seed."""
    told = [regime["robustness"][name]["per_seed"] for name in CHANGED]
    means: Floats = np.array(told, np.float64).mean(0)
    return means


def sharpness(regime: dict[str, Any]) -> Floats:
    """The largest Hessian eigenvalue at the end, one number a seed."""
    return np.array(regime["diagnostics"]["sharpness"]["per_seed"], np.float64)


def _pair(what: str, file: str, budget: str, contrast: str, rule: Region) -> Part:
    own = report(file)["pairs"][contrast]["auc"]
    return judged(f"{what}, {budget}", Interval(own["difference"], *own["ci"]), rule)


GENERALISE = Claim(
    says="large batches generalise worse, at sharper minima",
    source="Keskar et al. 2017",
    holds_where="returns under changed physics fall and sharpness rises, at both budgets",
    measure=measure_generalisation,
)
SMALL_HELPS = Claim(
    says="smaller batches often help replay agents",
    source="Obando-Ceron, Bellemare and Castro 2023",
    holds_where="the interval of AUC at 512 less that at 32 lies below 0, at both budgets",
    measure=measure_small,
)
GROWING = Claim(
    says="small batches early and large ones late are better",
    source="Park 2026 (adaptive batch scaling), as an open-loop schedule",
    holds_where="the intervals of AUC lie above 0 against the reverse and the mean, both budgets",
    measure=measure_growing,
)
ADAPTIVE = Claim(
    says="batches that grow as the policy settles are better, and because they look",
    source="Park 2026 (adaptive batch scaling)",
    holds_where="the intervals of AUC lie above 0 against fixed 128 and the yoked control",
    measure=measure_adaptive,
)
