"""Evaluation curves of any run folders, along any axis, as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlbatch.compare.analysis.plain import plain
from rlbatch.compare.analysis.regimes import curve
from rlbatch.compare.report.canvas import pdf, png, svg
from rlbatch.compare.report.figures.curves import learning_curves
from rlbatch.compare.runs.arenas import Arena, arenas
from rlbatch.compare.runs.gather import Gathered, gather_runs
from rlbatch.errors import require

AXES = ("env_steps", "updates", "samples", "wall_s")


def plot(places: Sequence[Path], axis: str, out: Path) -> None:
    """Draws the IQM over seeds of every regime with its 95 % band.

    Args:
        places: run folders, or folders that hold some.
        axis: env_steps, updates, samples or wall_s.
        out: a .pdf, .png or .svg file.

    Raises:
        FileError: a place without a run. ConfigError: another ending.
    """
    kinds = (".pdf", ".png", ".svg")
    require(out.suffix in kinds, "--out", f"a name that ends in {', '.join(kinds)}", out.name)
    gathered = gather_runs(places, None)
    figure = learning_curves(_told(gathered, arenas(gathered, axis), axis))
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".svg":
        out.write_text(svg(figure, out.stem), encoding="utf-8")
    else:
        out.write_bytes(png(figure) if out.suffix == ".png" else pdf(figure))


def _told(gathered: Gathered, found: Sequence[Arena], axis: str) -> dict[str, Any]:
    """The part of a report that the figure reads."""
    told = {
        "plan": {"baseline": gathered.comparison.baseline},
        "budget": {"axis": axis},
        "envs": {arena.env.name: {"threshold": arena.env.threshold} for arena in found},
        "regimes": {
            name: {"curves": {a.env.name: curve(a, name) for a in found if name in a.curves}}
            for name in gathered.runs
        },
    }
    checked: dict[str, Any] = plain(told)
    return checked
