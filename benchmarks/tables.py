"""Prints benchmark results: the machine in a heading, the figures in a table."""

import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path


def machine() -> dict[str, str]:
    """Returns what a reader must know about the machine to compare figures."""
    return {
        "cpu": cpu_model(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "torch": importlib.metadata.version("torch"),
        "OPENBLAS_CORETYPE": os.environ.get("OPENBLAS_CORETYPE", "unset"),
    }


def cpu_model() -> str:
    """Returns the processor's model name, or its architecture where no name is published."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def heading(title: str, facts: dict[str, str]) -> str:
    """Returns a title and one line of facts."""
    return f"\n{title}\n" + ", ".join(f"{key} {value}" for key, value in facts.items()) + ".\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a Markdown table, first column to the left and the others to the right."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(3, *map(len, column)) for column in columns]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(aligned(row, widths) for row in (header, rule, *rows))


def aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    """Returns one line of the table."""
    numbers = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "| " + " | ".join([row[0].ljust(widths[0]), *numbers]) + " |"
