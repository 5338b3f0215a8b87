"""The CSV files of a run: append only, one line per lane and moment."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from rlbatch.metrics.names import BATCH, CONTROL, EVAL, TRAIN, WHERE
from rlbatch.types import Record


class CsvSink:
    """Writes each kind of record to a file of its own; B's changes go to decisions.csv."""

    def __init__(self, folder: Path) -> None:
        columns = {
            "train": ("metrics.csv", (*WHERE, *TRAIN)),
            "eval": ("eval.csv", (*WHERE, *EVAL)),
            "batch": ("decisions.csv", (*WHERE, *BATCH)),
            "event": ("events.csv", (*WHERE, "event", "reason")),
            "control": ("control.csv", (*WHERE, *CONTROL)),
        }
        self._files, self._writers = [], {}
        for kind, (name, fields) in columns.items():
            file = (folder / name).open("a", newline="", encoding="utf-8")
            self._files.append(file)
            self._writers[kind] = csv.DictWriter(file, fields, extrasaction="ignore")
            if file.tell() == 0:
                self._writers[kind].writeheader()
            file.flush()

    def write(self, records: Sequence[Record]) -> None:
        for record in records:
            where = {name: getattr(record, name) for name in WHERE}
            where["wall_s"] = f"{record.wall_s:.3f}"
            self._writers[record.kind].writerow(where | dict(record.values))
        for file in self._files:
            file.flush()

    def close(self) -> None:
        for file in self._files:
            file.close()
