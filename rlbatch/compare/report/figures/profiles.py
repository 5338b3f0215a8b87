"""Performance profiles: the share of runs that score more than τ."""

from __future__ import annotations

from matplotlib.figure import Figure

from rlbatch.compare.report.canvas import legend, legend_height, numbers, panels, styled
from rlbatch.compare.report.palette import looks
from rlbatch.compare.report.reading import Report


@styled
def profiles(report: Report) -> Figure:
    """P(score > τ) over runs and environments, with 95 % bands; higher curves are better.

    After Agarwal et al. 2021, "Deep RL at the Edge of the Statistical Precipice"
    (https://arxiv.org/abs/2108.13264).
    """
    found, tau = report["profiles"]["regimes"], numbers(report["profiles"]["tau"])
    names, look = [name for name in report["regimes"] if name in found], looks(report)
    figure, (axes,) = panels(1, 1, 3.2, legend_height(names))
    faint = 0.14 if len(names) <= 4 else 0.05
    for name in names:
        profile, color = found[name], look[name].color
        if profile.get("low") and profile.get("high"):
            low, high = numbers(profile["low"]), numbers(profile["high"])
            axes.fill_between(tau, low, high, color=color, alpha=faint, linewidth=0)
        axes.plot(tau, numbers(profile["value"]), color=color, linestyle=look[name].line)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("score τ")
    axes.set_ylabel("share of runs with score > τ")
    axes.margins(x=0.01)
    legend(figure, report, names)
    return figure
