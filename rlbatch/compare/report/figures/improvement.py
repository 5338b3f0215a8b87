"""Probability of improvement: how often a random run of the treatment beats one of the control."""

from __future__ import annotations

from matplotlib.figure import Figure

from rlbatch.compare.report.canvas import WIDTH, styled
from rlbatch.compare.report.figures.whiskers import key, rows, whisker
from rlbatch.compare.report.palette import looks
from rlbatch.compare.report.reading import Report, contrast, label


@styled
def improvement(report: Report) -> Figure:
    """P(treatment > control) in the primary measure; ½ says that neither is better.

    After Agarwal et al. 2021, "Deep RL at the Edge of the Statistical Precipice"
    (https://arxiv.org/abs/2108.13264).
    """
    measure, pairs, look = report["plan"]["primary"], report["pairs"], looks(report)
    figure = Figure(figsize=(WIDTH, 1.65 + 0.27 * max(len(pairs), 1)), layout="constrained")
    axes = figure.subplots()
    axes.axvline(0.5, color="#1a1a1a", linewidth=0.9, zorder=1)
    entries = [pair.get(measure) or {} for pair in pairs.values()]
    planned = [
        (entry.get("role") or pair["role"]) == "primary"
        for entry, pair in zip(entries, pairs.values(), strict=True)
    ]
    for y, (entry, pair) in enumerate(zip(entries, pairs.values(), strict=True)):
        if entry.get("improvement") is not None:
            color, bounds = look[pair["treatment"]].color, entry.get("improvement_ci")
            whisker(axes, y, entry["improvement"], bounds, color, planned[y])
    rows(axes, [contrast(pair) for pair in pairs.values()], planned)
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel("P(treatment better than control)\nbetter →")
    axes.set_title(f"probability of improvement, {label(measure)}", loc="left")
    key(axes)
    return figure
