"""Files as arrays: made at full size, so that no write meets a full disk, and mapped."""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rlbatch.errors import FileError
from rlbatch.files import reason, sync_folder


class Mapped:
    """Part of a file in the address space. What is written reaches the disk at `sync`, or before.

    Args:
        path: the file, which is there and long enough.
        start: bytes before the part, a multiple of `mmap.ALLOCATIONGRANULARITY`.
        nbytes: of the part.

    Raises:
        FileError: the system refuses.
    """

    def __init__(self, path: Path, start: int, nbytes: int) -> None:
        with told_of(path, "a file that can be mapped"), path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), nbytes, offset=start)
        self.path = path
        if sys.platform != "win32":
            self._map.madvise(mmap.MADV_RANDOM)  # do not read on beyond a row that was drawn

    def array(self, dtype: Any) -> npt.NDArray[Any]:
        """The bytes as numbers; the file stays mapped while the array lives."""
        return np.frombuffer(self._map, dtype)

    def sync(self) -> None:
        """Returns once all that was written is on the disk.

        Raises:
            FileError: it cannot be written.
        """
        with told_of(self.path, "a file that can be written"):
            self._map.flush()


def create(path: Path, nbytes: int) -> None:
    """Makes a file of zeros, in place of one of that name.

    Raises:
        FileError: no room for it, or no right to; nothing is left of it.
    """
    with told_of(path, f"room for {nbytes} bytes"):
        path.unlink(missing_ok=True)
        try:
            with path.open("xb") as file:
                if nbytes > 0:
                    allot(file.fileno(), 0, nbytes)
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def allot(handle: int, start: int, nbytes: int) -> None:
    """Gives a part of a file its place on the disk; what was there stays.

    Without it a full disk would show when a mapped page is written, and kill the process.
    """
    if sys.platform == "linux":
        os.posix_fallocate(handle, start, nbytes)
    elif os.fstat(handle).st_size < start + nbytes:
        os.ftruncate(handle, start + nbytes)


@contextmanager
def told_of(path: Path, expected: str) -> Iterator[None]:
    """Tells an OSError as a FileError of that path."""
    try:
        yield
    except FileError:
        raise
    except OSError as failed:
        raise FileError(str(path), expected, reason(failed)) from None
