"""A report as files in a folder, and as what the terminal shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from rlbatch import files
from rlbatch.compare.report import page, save_figures, terminal_table, write_tensorboard
from rlbatch.train.folder import write_json


def publish(report: dict[str, Any], folder: Path, console: Console) -> None:
    """Writes report.json, report.html, figures/ and tb/, and prints the verdict."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "report.json", report)
    save_figures(report, folder / "figures")
    write_tensorboard(report, folder / "tb")
    files.write_text(folder / "report.html", page(report))
    console.print(terminal_table(report))
    console.print(report["verdict"]["headline"], soft_wrap=True)
    for line in report["verdict"]["lines"]:
        console.print(f"  {line}", soft_wrap=True)
    for note in report["verdict"]["notes"]:
        console.print(f"  note: {note}", soft_wrap=True)
    console.print(f"report: {folder / 'report.html'}", soft_wrap=True)
