"""What a person sees while a grid is trained: how far it is, and how long it still takes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from rlbatch.compare.study.grid import Cell
from rlbatch.compare.study.jobs import Job

LINE_EVERY = 10.0  # s between plain lines


class Watch:
    """A bar over all runs on a terminal, lines elsewhere.

    Args:
        console: where to.
        work: env steps of all lanes of each run, by its place.
    """

    def __init__(self, console: Console, work: Mapping[str, int]) -> None:
        self._console, self._work = console, dict(work)
        self._all, self._done, self._kept, self._runs = len(work), 0.0, 0.0, 0
        self._began = self._told = time.monotonic()
        columns = TextColumn("compare"), BarColumn(bar_width=24), TaskProgressColumn()
        told = TextColumn("{task.fields[line]}")
        self._bar = Progress(*columns, told, TimeElapsedColumn(), console=console)
        self._task = self._bar.add_task("all", total=float(sum(work.values())), line="")

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, running: Sequence[Job]) -> None:
        """Takes what runs now."""
        under_way = sum(self._progress(job) for job in running)
        line = self._line(running, under_way)
        self._bar.update(self._task, completed=self._done + under_way, line=line)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._told >= LINE_EVERY:
            self._told = now
            self._console.print(line, soft_wrap=True)

    def ended(self, cell: Cell, status: str, reason: str) -> None:
        """Takes a run that has ended."""
        work = self._work.get(cell.place, 0)
        self._done, self._runs = self._done + work, self._runs + 1
        if status == "kept":
            self._kept += work
        told = f"{cell.place}: {status}" + (f": {reason}" if reason else "")
        self._console.print(told, soft_wrap=True)

    def tell(self, line: str) -> None:
        """Takes something to know."""
        self._console.print(line, soft_wrap=True)

    def _progress(self, job: Job) -> float:
        """Env steps of all its lanes."""
        share = job.env_step() / job.built.train.env_steps
        return share * self._work.get(job.cell.place, 0)

    def _line(self, running: Sequence[Job], under_way: float) -> str:
        done, total = self._done + under_way, sum(self._work.values())
        trained = max(done - self._kept, 1e-9)
        left = (time.monotonic() - self._began) * (total - done) / trained
        now = ", ".join(job.cell.place.rpartition("/")[2] for job in running) or "nothing"
        told = f"{left:.0f} s left" if under_way else "time left unknown yet"
        return f"{self._runs} of {self._all} runs done · now {now} · {told}"
