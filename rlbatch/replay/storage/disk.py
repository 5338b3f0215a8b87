"""Rows and frames in files of one folder, which keep what the last flush held until the next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rlbatch.errors import FileError
from rlbatch.replay.storage.block_file import BlockFile
from rlbatch.replay.storage.disk_ring import DiskRing, num_slots
from rlbatch.replay.storage.mapped import Mapped, create
from rlbatch.replay.storage.place import Octets
from rlbatch.replay.storage.room import Room, disk

WORD = 8  # bytes
FRAMES = "frames"


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
        self._numbers = {name: edition.number for name, edition in flushed.items()}
        self._rings: dict[str, DiskRing] = {}
        self._blocks: BlockFile | None = None
        for name, edition in flushed.items():
            _check(self._path(name), edition.nbytes)

    def free(self) -> Room | None:
        """Room for a new buffer; one that was flushed has its own."""
        return None if self._unopened else disk(self._folder)

    def ring(self, name: str, lanes: int, capacity: int, words: int) -> DiskRing:
        """Rings over the rows that were flushed, or over none; see `Place.ring`."""
        if flushed := self._unopened.pop(name, None):
            mapped = Mapped(self._path(name), 0, flushed.nbytes)
        else:
            row_bytes = words * WORD
            mapped = self._next(name, lanes * num_slots(capacity, row_bytes) * row_bytes)
        self._rings[name] = DiskRing(lanes, capacity, words, mapped)
        return self._rings[name]

    def block(self, index: int, nbytes: int) -> Octets:
        """A block as it was flushed, or a new one; see `Place.block`."""
        if self._blocks is None:
            if self._unopened.pop(FRAMES, None) is None:
                self._numbers[FRAMES] = self._numbers.get(FRAMES, -1) + 1
                create(self._path(FRAMES), 0)
            self._blocks = BlockFile(self._path(FRAMES))
        return self._blocks.block(index, nbytes)

    def left(self) -> int:
        """Rows that every lane takes before there must be a flush."""
        return min(ring.left() for ring in self._rings.values())

    def widen(self, rows: int) -> None:
        """Gives every ring so many slots to spare, and more.

        Raises:
            FileError: no room for them; nothing is lost.
        """
        for name, ring in self._rings.items():
            if ring.spare < rows:
                lanes, _, words = ring.rows.shape
                ring.move(self._next(name, lanes * (ring.capacity + 2 * rows) * words * WORD))

    @contextlib.contextmanager
    def anew(self) -> Iterator[None]:
        """Within, all rows and blocks are written to new files; if that fails, all is as before."""
        numbers, blocks = self._numbers.copy(), self._blocks
        places = [(ring, ring.place()) for ring in self._rings.values()]
        try:
            for name, ring in self._rings.items():
                ring.lie(self._next(name, ring.rows.nbytes))
            self._blocks = None
            yield
        except BaseException:
            self._numbers, self._blocks = numbers, blocks
            for ring, place in places:
                ring.back(place)
            raise

    def sync(self) -> dict[str, Edition]:
        """Returns once all rows and blocks are on the disk: which files they are in.

        Raises:
            FileError: they cannot be written.
        """
        lying: dict[str, DiskRing | BlockFile] = dict(self._rings)
        if self._blocks is not None:
            lying[FRAMES] = self._blocks
        for own in lying.values():
            own.sync()
        return {name: Edition(self._numbers[name], own.file_bytes) for name, own in lying.items()}

    def settle(self) -> None:
        """A flush has told of what `sync` gave; older files go."""
        for ring in self._rings.values():
            ring.settle()
        current = {self._path(name) for name in self._numbers}
        for name in self._numbers:
            for path in set(self._folder.glob(f"{name}-*.rows")) - current:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _next(self, name: str, nbytes: int) -> Mapped:
        number = self._numbers.get(name, -1) + 1
        path = self._folder / f"{name}-{number}.rows"
        create(path, nbytes)
        self._numbers[name] = number
        return Mapped(path, 0, nbytes)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}-{self._numbers[name]}.rows"


def _check(path: Path, nbytes: int) -> None:
    """Raises FileError unless there is a file at least that long."""
    got = path.stat().st_size if path.is_file() else None
    if got is None or got < nbytes:
        told = "nothing there" if got is None else got
        raise FileError(str(path), f"{nbytes} bytes, as when it was flushed", told)
