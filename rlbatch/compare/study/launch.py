"""Trains the grid in processes: what is ready starts, what failed is told, the others go on."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from rlbatch.compare.study.grid import Cell
from rlbatch.compare.study.jobs import Job
from rlbatch.compare.study.watch import Watch
from rlbatch.errors import RlbatchError

POLL_S = 0.2


class Outcome(NamedTuple):
    """How one run of the grid ended."""

    cell: Cell
    status: Literal["finished", "kept", "failed", "interrupted"]
    reason: str = ""


class Launcher:
    """Runs cells in at most `jobs` processes, each with its share of the cores.

    Args:
        prepare: a cell, of which everything it needs is finished, to its job.
        done: called after a cell has finished (or was there), before others start.
        jobs: processes at a time.
        devices: torch devices that processes are spread over; () leaves the choice to each.
        watch: is told how far they are.
    """

    def __init__(
        self,
        prepare: Callable[[Cell], Job],
        done: Callable[[Cell], None],
        jobs: int,
        devices: Sequence[str],
        watch: Watch,
    ) -> None:
        self._prepare, self._done, self._watch = prepare, done, watch
        self._free = [devices[i % len(devices)] if devices else None for i in range(jobs)]
        self._threads = max(1, min(4, (os.cpu_count() or 1) // jobs))
        self._running: dict[subprocess.Popen[bytes], tuple[Job, str | None]] = {}
        self._ended: dict[str, Outcome] = {}  # by place
        self._stopped = False

    def run(self, cells: Sequence[Cell]) -> list[Outcome]:
        """Trains all of them; returns how each ended, in their order."""
        waiting = list(cells)
        while waiting or self._running:
            try:
                waiting = [] if self._stopped else self._start(waiting)
                self._watch.show([job for job, _ in self._running.values()])
                time.sleep(POLL_S if self._running else 0)
                self._collect()
            except KeyboardInterrupt:  # the processes got it too and complete their folders
                self._stopped = True
        return [self._ended.get(c.place, Outcome(c, "interrupted", "not started")) for c in cells]

    @property
    def stopped(self) -> bool:
        """Did Ctrl-C end it?"""
        return self._stopped

    def _start(self, waiting: list[Cell]) -> list[Cell]:
        """Starts what is ready; returns what still waits."""
        left = []
        for cell in waiting:
            missing = [place for place in cell.needs if place not in self._ended]
            lost = [place for place in cell.needs if self._status(place) == "failed"]
            if lost:
                self._end(cell, "failed", f"it needs {lost[0]}, which failed")
            elif missing or not self._free:
                left.append(cell)
            else:
                self._try(cell)
        return left

    def _try(self, cell: Cell) -> None:
        try:
            job = self._prepare(cell)
            if job.finished():
                self._end(cell, "kept")
                return
        except RlbatchError as refused:
            self._end(cell, "failed", str(refused))
            return
        device = self._free.pop(0)
        self._running[job.start(device, self._threads)] = job, device

    def _collect(self) -> None:
        for process in [p for p in self._running if p.poll() is not None]:
            job, device = self._running.pop(process)
            self._free.append(device)
            if process.returncode == 0:
                self._end(job.cell, "finished")
            elif self._stopped:
                self._end(job.cell, "interrupted", "Ctrl-C")
            else:
                self._end(job.cell, "failed", f"{job.reason()} (all of it: {job.log})")

    def _end(
        self,
        cell: Cell,
        status: Literal["finished", "kept", "failed", "interrupted"],
        reason: str = "",
    ) -> None:
        if status in ("finished", "kept"):
            try:
                self._done(cell)
            except RlbatchError as refused:
                status, reason = "failed", str(refused)
        self._ended[cell.place] = Outcome(cell, status, reason)
        self._watch.ended(self._ended[cell.place].cell, status, reason)

    def _status(self, place: str) -> str:
        return self._ended[place].status if place in self._ended else ""
