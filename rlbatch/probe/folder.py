"""The folder of a probe: the next free one, complete when it is left or gone."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from rlbatch import files
from rlbatch.errors import FileError
from rlbatch.probe.findings import Findings
from rlbatch.probe.picture import draw
from rlbatch.train.folder import RUNS, origin, write_json


@contextmanager
def claimed(name: str) -> Iterator[Path]:
    """The next free runs/probe-<name>-<n>; whatever stops the work also removes it.

    Raises:
        FileError: it cannot be made.
    """
    there = RUNS.is_dir()
    folder = _next_free(name)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if not there:
            with contextlib.suppress(OSError):
                RUNS.rmdir()  # only where it is empty
        raise


def save(folder: Path, config: str, told: Findings) -> None:
    """Writes config.yaml, batch.yaml, probe.png and probe.json."""
    files.write_text(folder / "config.yaml", config)
    files.write_text(folder / "batch.yaml", told.recommendation.block())
    draw(told, folder / "probe.png")
    write_json(folder / "probe.json", told.to_json() | {"origin": origin()})


def _next_free(name: str) -> Path:
    try:
        RUNS.mkdir(exist_ok=True)
        for n in count(1):
            folder = RUNS / f"probe-{name}-{n}"
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                break
    except OSError as refused:
        told = refused.strerror or refused
        raise FileError(str(RUNS), "a folder that can be made", told) from None
    return folder
