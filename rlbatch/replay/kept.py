"""A buffer kept in a folder: flushed as a whole, and opened again as it was flushed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from rlbatch import files
from rlbatch.errors import ConfigError, FileError
from rlbatch.replay.description import Description
from rlbatch.replay.drawing import Drawing
from rlbatch.replay.memory import Memory
from rlbatch.replay.rows.spaces import space_from_json
from rlbatch.replay.sampling.sampler import SamplerSettings
from rlbatch.replay.saved import restore, state_of
from rlbatch.replay.storage.disk import Edition, OnDisk, lying_in
from rlbatch.replay.storage.lock import Lock
from rlbatch.replay.storage.mapped import told_of
from rlbatch.replay.storage.room import Room, disk

STATE = "state.safetensors"  # everything but rows and frames
FILES = "files"  # its word for where those are
NEW = "new"  # an empty file, there from before the first rows until the first flush is complete


class Flushed(NamedTuple):
    """What the last flush told."""

    state: dict[str, Tensor]
    editions: dict[str, Edition]


class Kept:
    """The folder of one buffer. `join` hands over what it keeps.

    A flush writes rows and frames to the disk first and the state file last, which replaces the
    one before in one step. What is added later lies where that state has nothing. So whatever ends
    the process, and wherever, the folder holds the last flush that was completed.

    Args:
        folder: made if absent.
        described: what the buffer is made with.

    Raises:
        FileError: open elsewhere, or not what was flushed, or rows without a flush.
        ConfigError: another buffer's.
    """

    def __init__(self, folder: Path, described: Description) -> None:
        self.folder, self._described = folder.absolute(), described
        with told_of(self.folder, "a folder that can be made"):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(self.folder)
        try:
            self._last = self._read()
            if self._last is None:
                self._begin()
            self.place = OnDisk(self.folder, self._last.editions if self._last else {})
        except BaseException:
            self.close()
            raise

    def join(self, memory: Memory, drawing: Drawing) -> None:
        """Puts what was flushed into these parts, which are new; an empty folder gets a flush.

        Raises:
            FileError: a flush that is not whole, or cannot be written.
            DataError: a state that contradicts itself.
        """
        self._memory, self._drawing = memory, drawing
        self._known = True  # which flush the folder holds; a Ctrl-C within one may leave it open
        self._left = 0  # rows a lane that fit before the next flush, at least
        for left in self.folder.glob(f".{STATE}.*"):  # of a flush that was cut short
            shutil.rmtree(left, ignore_errors=True)
        if self._last is None:
            self.flush()
        else:
            restore(self._last.state, memory, drawing, stored=False)
            self._last = None
            self._settle()
        with told_of(self.folder / NEW, "a file that can be removed"):
            (self.folder / NEW).unlink(missing_ok=True)

    def room(self, rows: int) -> None:
        """Sees to it that up to so many rows a lane can be added; flushes first where it must.

        Raises:
            FileError: that flush cannot be written.
        """
        if rows > self._left:
            self._left = self.place.left() if self._known else 0
        if rows > self._left:
            self.place.widen(rows)
            self.flush()
        self._left -= rows

    def flush(self) -> None:
        """Makes the folder hold the buffer as it is now.

        Raises:
            FileError: it cannot be written; the folder holds what it held before.
        """
        self._left, known = 0, self._known
        told = self._described.to_json() | {FILES: self.place.sync()}
        state = state_of(self._memory, self._drawing, stored=False)
        self._known = False
        try:
            files.save_tensors(self.folder / STATE, state, told)
        except FileError:
            self._known = known
            raise
        self._settle()

    @contextmanager
    def anew(self) -> Iterator[None]:
        """Within, the buffer is replaced as a whole; then it is flushed.

        Rows and frames go to new files beside those of the last flush, which stand until then.

        Raises:
            FileError: no room for both; or that flush cannot be written.
        """
        self._left = 0
        with self.place.anew():
            yield
        self.flush()

    def close(self) -> None:
        """Others may open the folder."""
        self._lock.release()

    def _settle(self) -> None:
        self.place.settle()
        self._memory.settle()
        self._known, self._left = True, self.place.left()

    def _read(self) -> Flushed | None:
        path = self.folder / STATE
        if not path.exists():
            return None
        state, told = files.load_tensors(path)
        _check(path, told, kept=True)
        editions = {name: Edition(*own) for name, own in told.pop(FILES).items()}
        self._compare(told)
        return Flushed(state, editions)

    def _begin(self) -> None:
        """Marks a folder without a state as one in which nothing was ever flushed."""
        unfinished, mark = _unfinished(self.folder), self.folder / NEW
        with told_of(mark, "a file that can be written"):
            mark.touch()
            for path in unfinished:
                path.unlink()

    def _compare(self, told: dict[str, Any]) -> None:
        """Refuses to open a buffer as another than it was made."""
        for name, own in json.loads(json.dumps(self._described.to_json())).items():
            expected, got = told.get(name), own
            if expected == got:
                continue
            if name.endswith("space"):  # whose bounds would fill the screen
                expected, got = map(space_from_json, (expected, got))
            advice = f"Open {self.folder} with what it was made with, or choose another folder."
            raise ConfigError(f"replay.{name}", f"{expected}, as in the folder", got, advice)


def free_in(folder: Path) -> Room | None:
    """Room for a new buffer in a folder, which need not be there; None: the one there has its own.

    Raises:
        FileError: rows without a flush, or the system does not tell.
    """
    with told_of(folder, "a folder that can be made"):
        if (folder / STATE).exists():
            return None
        room, unfinished = disk(folder), _unfinished(folder)
        return room._replace(nbytes=room.nbytes + sum(path.stat().st_size for path in unfinished))


def told_in(
    path: Path, sampler: SamplerSettings | None
) -> tuple[dict[str, Any], dict[str, Tensor] | None]:
    """What a buffer was made with, by argument, and its state, None where its folder keeps that.

    Args:
        path: a file that was saved, or a folder in which one was flushed.
        sampler: the settings it was made with; None: those told there.

    Raises:
        FileError: missing, truncated, altered, or not a replay buffer.
    """
    kept = path.is_dir()
    file = path / STATE if kept else path
    state, meta = files.load_tensors(file)
    _check(file, meta, kept)
    meta.pop(FILES, None)
    told = dict(vars(Description.from_json(meta, str(file), sampler)))
    told["seed"] = told.pop("seeds")
    return (told | {"path": path}, None) if kept else (told, state)


def _unfinished(folder: Path) -> list[Path]:
    """What lies in a folder without a state: of a buffer that was cut short while it was made.

    Raises:
        FileError: of one that was flushed. Without its state nobody knows which rows those are.
    """
    found = sorted(lying_in(folder))
    if found and not (folder / NEW).exists():
        got = f"only {', '.join(path.name for path in found)}"
        advice = f"Put {STATE} back; where it is lost, so are they: remove them."
        raise FileError(str(folder), f"rows with their {STATE}", got, advice)
    return found


def _check(path: Path, told: dict[str, Any], kept: bool) -> None:
    """Raises FileError unless a file tells of rows that are kept beside it, or of none."""
    if kept and FILES not in told:
        advice = "Load that file, or move it out of a folder for rows."
        raise FileError(str(path), "what was flushed with rows", "a file of its own", advice)
    if FILES in told and not kept:
        got, advice = "what a folder keeps beside its rows", f"Load {path.parent}."
        raise FileError(str(path), "a buffer that was saved", got, advice)
