"""Trains the grid in processes: what is ready starts, what failed is told, the others go on."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from rlbatch.compare.study.grid import Cell
from rlbatch.compare.study.jobs import Job
from rlbatch.compare.study.packs import packs
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
        pack: do runs that can share a learner train in one process?
    """

    def __init__(
        self,
        prepare: Callable[[Cell], Job],
        done: Callable[[Cell], None],
        jobs: int,
        devices: Sequence[str],
        watch: Watch,
        pack: bool = False,
    ) -> None:
        self._prepare, self._done, self._watch = prepare, done, watch
        self._pack, self._told = pack, set[str]()
        self._free = [devices[i % len(devices)] if devices else None for i in range(jobs)]
        self._threads = max(1, min(4, (os.cpu_count() or 1) // jobs))
        self._running: dict[subprocess.Popen[bytes], tuple[list[Job], str | None]] = {}
        self._ended: dict[str, Outcome] = {}  # by place
        self._stopped = False

    def run(self, cells: Sequence[Cell]) -> list[Outcome]:
        """Trains all of them; returns how each ended, in their order."""
        waiting = list(cells)
        while waiting or self._running:
            try:
                waiting = [] if self._stopped else self._start(waiting)
                self._watch.show([job for jobs, _ in self._running.values() for job in jobs])
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
        if self._pack:
            self._start_packs([cell for cell in waiting if self._ready(cell)])
        else:
            for cell in waiting:
                if self._ready(cell) and self._free and (job := self._job(cell)):
                    self._launch([job])
        under_way = {job.cell.place for jobs, _ in self._running.values() for job in jobs}
        return [c for c in waiting if c.place not in self._ended and c.place not in under_way]

    def _ready(self, cell: Cell) -> bool:
        """Is all there that it needs? Where that failed, it has failed too."""
        lost = [place for place in cell.needs if self._status(place) == "failed"]
        if lost:
            self._end(cell, "failed", f"it needs {lost[0]}, which failed")
        return not lost and all(place in self._ended for place in cell.needs)

    def _start_packs(self, ready: list[Cell]) -> None:
        if not (ready and self._free):
            return
        jobs = [job for cell in ready if (job := self._job(cell))]
        if len(jobs) < len(ready):  # some are there already, for which others may have waited
            return
        groups, apart = packs(jobs)
        for line in (line for line in apart if line not in self._told):
            self._told.add(line)
            self._watch.tell(line)
        for group in groups[: len(self._free)]:
            self._launch(group)

    def _job(self, cell: Cell) -> Job | None:
        """None where there is nothing to start: it is finished, or refused."""
        try:
            job = self._prepare(cell)
            if not job.finished():
                return job
            self._end(cell, "kept")
        except RlbatchError as refused:
            self._end(cell, "failed", str(refused))
        return None

    def _launch(self, jobs: list[Job]) -> None:
        device = self._free.pop(0)
        first, *others = jobs
        beside = {"beside": others} if others else {}
        self._running[first.start(device, self._threads, **beside)] = jobs, device

    def _collect(self) -> None:
        for process in [p for p in self._running if p.poll() is not None]:
            jobs, device = self._running.pop(process)
            self._free.append(device)
            for job in jobs:
                if process.returncode == 0 or (len(jobs) > 1 and job.finished()):
                    self._end(job.cell, "finished")
                elif self._stopped:
                    self._end(job.cell, "interrupted", "Ctrl-C")
                else:
                    told = f"{jobs[0].reason()} (all of it: {jobs[0].log})"
                    self._end(job.cell, "failed", told)

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
