"""The log of what was decided: one line where a lane's batch size changes."""

from __future__ import annotations

import csv
import functools
import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rlbatch.errors import FileError

Rows = npt.NDArray[np.int64]


def trajectories(log: Path) -> tuple[Rows, ...]:
    """B of every update of every lane, `[updates]` each, as decisions.csv tells it.

    Args:
        log: a run's decisions.csv: a line tells `lane`, `update` (updates made before) and
            `batch_size` (rows from here on, or 0 where the lane's log ends).

    Raises:
        FileError: missing, or not such a log, or without updates or an end for every lane.
    """
    try:
        found = log.stat()
    except OSError as lost:
        raise FileError(str(log), "a decision log", lost.strerror or lost) from None
    return _read(log, (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size))


@functools.lru_cache(maxsize=8)
def _read(log: Path, version: tuple[int, ...]) -> tuple[Rows, ...]:
    """Reads once what the file holds; another file of that name, or a newer one, is read anew."""
    changes: dict[int, list[tuple[int, int]]] = {}
    try:
        with log.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                change = int(line["update"]), int(line["batch_size"])
                changes.setdefault(int(line["lane"]), []).append(change)
    except OSError as lost:
        raise FileError(str(log), "a decision log", lost.strerror or lost) from None
    except (KeyError, TypeError, ValueError, csv.Error):
        raise FileError(
            str(log), "lines of lane, update and batch_size", "something else"
        ) from None
    if not changes or any(own[-1][1] != 0 for own in changes.values()):
        raise FileError(str(log), "the log of a run that ended", "one without its end")
    for lane, own in changes.items():
        if not _in_order(own):
            wanted = "updates that count up from 0 with at least 1 row each"
            raise FileError(str(log), wanted, f"others in lane {lane}")
    return tuple(_expanded(changes[lane]) for lane in sorted(changes))


def _in_order(changes: list[tuple[int, int]]) -> bool:
    updates, rows = zip(*changes, strict=True)
    rising = all(now < then for now, then in itertools.pairwise(updates))
    return len(updates) > 1 and updates[0] == 0 and rising and min(rows[:-1]) >= 1


def _expanded(changes: list[tuple[int, int]]) -> Rows:
    """[(update, rows), ..., (end, 0)] -> rows of each update."""
    updates, rows = zip(*changes, strict=True)
    return np.repeat(np.array(rows[:-1], np.int64), np.diff(updates))
