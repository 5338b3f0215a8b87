"""Rows and frames in files of one folder, which keep what the last flush held until the next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rlbatch.errors import FileError
from rlbatch.replay.storage.block_file import BlockFile
from rlbatch.replay.storage.disk_ring import DiskRing, num_slots
from rlbatch.replay.storage.mapped import Mapped, create
from rlbatch.replay.storage.place import Octets

WORD = 8  # bytes
FRAMES = "frames"
NAMES = "rows", "held_out", FRAMES  # all that is kept


class Edition(NamedTuple):
    """Which of the files that something has lain in, one after the other."""

    number: int
    nbytes: int


class OnDisk:
    """A `Place` in a folder: rings in `<name>-<edition>.rows`, blocks in `frames-<edition>.rows`.

    What is written anew as a whole goes to a file of the next edition, so that the one before is
    there until a flush has told of the new one.

    Args:
        folder: exists, and nobody else writes to it.
        flushed: what `sync` gave at the last flush; empty: there was none.

    Raises:
        FileError: a file that is not what was told.
    """

    def __init__(self, folder: Path, flushed: Mapping[str, Edition]) -> None:
        self._folder, self._unopened = folder, dict(flushed)
        self._rings: dict[str, DiskRing] = {}
        self._blocks: BlockFile | None = None
        for name, edition in flushed.items():
            _check(self._path(name, edition.number), edition.nbytes)

    def ring(self, name: str, lanes: int, capacity: int, words: int) -> DiskRing:
        """Rings over the rows that were flushed, or over none; see `Place.ring`."""
        if flushed := self._unopened.pop(name, None):
            mapped = Mapped(self._path(name, flushed.number), 0, flushed.nbytes)
        else:
            row_bytes = words * WORD
            nbytes = lanes * num_slots(capacity, row_bytes) * row_bytes
            mapped = _made(self._path(name, 0), nbytes)
        self._rings[name] = DiskRing(lanes, capacity, words, mapped)
        return self._rings[name]

    def block(self, index: int, nbytes: int) -> Octets:
        """A block as it was flushed, or a new one; see `Place.block`."""
        if self._blocks is None:
            flushed = self._unopened.pop(FRAMES, None)
            path = self._path(FRAMES, flushed.number if flushed else 0)
            if flushed is None:
                create(path, 0)
            self._blocks = BlockFile(path)
        return self._blocks.block(index, nbytes)

    def left(self) -> int:
        """Rows that every lane takes before there must be a flush."""
        return min(ring.left() for ring in self._rings.values())

    def widen(self, rows: int) -> None:
        """Gives every ring so many slots to spare, and more.

        Raises:
            FileError: no room for them; nothing is lost.
        """
        for ring in self._rings.values():
            if ring.spare < rows:
                lanes, _, words = ring.rows.shape
                nbytes = lanes * (ring.capacity + 2 * rows) * words * WORD
                ring.move(_made(_next(ring.path), nbytes))

    @contextlib.contextmanager
    def anew(self) -> Iterator[None]:
        """Within, all rows and blocks are written to new files; if that fails, all is as before."""
        blocks, before = self._blocks, lying_in(self._folder)
        places = [(ring, ring.place()) for ring in self._rings.values()]
        try:
            for ring in self._rings.values():
                ring.lie(_made(_next(ring.path), ring.rows.nbytes))
            if blocks is not None:
                create(path := _next(blocks.path), 0)
                self._blocks = BlockFile(path)
            yield
        except BaseException:
            self._blocks = blocks
            for ring, place in places:
                ring.back(place)
            _remove(lying_in(self._folder) - before)
            raise

    def sync(self) -> dict[str, Edition]:
        """Returns once all rows and blocks are on the disk: which files they are in.

        Raises:
            FileError: they cannot be written.
        """
        for own in (lying := self._lying()).values():
            own.sync()
        return {name: Edition(_number(own.path), own.file_bytes) for name, own in lying.items()}

    def settle(self) -> None:
        """A flush has told of what `sync` gave; older files go."""
        for ring in self._rings.values():
            ring.settle()
        current = {own.path for own in self._lying().values()}
        current |= {self._path(name, edition.number) for name, edition in self._unopened.items()}
        _remove(lying_in(self._folder) - current)

    def _lying(self) -> dict[str, DiskRing | BlockFile]:
        lying: dict[str, DiskRing | BlockFile] = dict(self._rings)
        return lying if self._blocks is None else lying | {FRAMES: self._blocks}

    def _path(self, name: str, number: int) -> Path:
        return self._folder / f"{name}-{number}.rows"


def lying_in(folder: Path) -> set[Path]:
    """All files of rows and frames in a folder."""
    return {path for name in NAMES for path in folder.glob(f"{name}-[0-9]*.rows")}


def _made(path: Path, nbytes: int) -> Mapped:
    """A new file, mapped; where that fails nothing is left of it."""
    create(path, nbytes)
    try:
        return Mapped(path, 0, nbytes)
    except BaseException:
        _remove({path})
        raise


def _next(path: Path) -> Path:
    """The file of the next edition."""
    name, _, _ = path.stem.rpartition("-")
    return path.with_name(f"{name}-{_number(path) + 1}{path.suffix}")


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()


def _check(path: Path, nbytes: int) -> None:
    """Raises FileError unless there is a file at least that long."""
    got = path.stat().st_size if path.is_file() else None
    if got is None or got < nbytes:
        told = "nothing there" if got is None else got
        raise FileError(str(path), f"{nbytes} bytes, as when it was flushed", told)
