"""The table of a probe: one row a size."""

from __future__ import annotations

from rich.table import Table

from rlbatch.probe.findings import Findings
from rlbatch.probe.words import MIB

COLUMNS = ("B", "rows/s", "ms/update", "peak MiB", "lr", "best lr", "TD progress")


def table(told: Findings) -> Table:
    """Speed of every size; lr and progress of those that were branched."""
    shown = Table(title=f"{told.name}: {told.warm.lanes} lanes")
    for name in COLUMNS:
        shown.add_column(name, justify="right")
    tests = {test.size: test for test in told.rates}
    progress = {one.size: float(one.progress.mean()) for one in told.branches}
    for pace in told.paces:
        test = tests.get(pace.rows)
        lr, best = ("", "") if test is None else (f"{test.lr:.2g}", f"×{test.best:g}")
        done = f"{progress[pace.rows]:.1%}" if pace.rows in progress else ""
        mark = " knee" * (pace.rows == told.knee) + " B_crit" * (pace.rows == told.critical.size)
        speed = f"{pace.rows_per_s:,.0f}", f"{pace.ms:.2f}", f"{pace.peak / MIB:,.0f}"
        shown.add_row(f"{pace.rows}{mark}", *speed, lr, best, done)
    return shown
