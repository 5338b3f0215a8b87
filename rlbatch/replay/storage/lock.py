"""One opener at a time: a lock on a folder, held until it is dropped or the process ends."""

from __future__ import annotations

import gc
import os
import sys
import weakref
from pathlib import Path

from rlbatch.errors import FileError

NAME = "lock"


class Lock:
    """Holds a folder. Where the system knows no such locks (Windows), it holds nothing.

    A process that is killed holds it no longer; one that was forked while it was held does.

    Args:
        folder: exists.

    Raises:
        FileError: it is held already, here or in another process.
    """

    def __init__(self, folder: Path) -> None:
        handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o644)
        self.release = weakref.finalize(self, os.close, handle)
        if _taken(handle):
            return
        gc.collect()  # a buffer that nobody holds any more may still wait for it
        if not _taken(handle):
            self.release()
            advice = "Close that one first: `del` it, or end its process."
            raise FileError(str(folder), "a folder that no other buffer is open in", "one", advice)


def _taken(handle: int) -> bool:
    """Takes the lock if it is free."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
