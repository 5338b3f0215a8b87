"""Figures as files: PNG to look at, SVG to print."""

from __future__ import annotations

from pathlib import Path

from rlbatch.compare.report.canvas import png, svg
from rlbatch.compare.report.figures import FIGURES
from rlbatch.compare.report.reading import Report


def save_figures(report: Report, folder: Path) -> list[Path]:
    """Writes every figure as `<name>.png` and `<name>.svg`, and says where."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, draw in FIGURES.items():
        image, drawing = folder / f"{name}.png", folder / f"{name}.svg"
        image.write_bytes(png(draw(report)))
        drawing.write_text(svg(draw(report), name), encoding="utf-8")
        written += [image, drawing]
    return written
