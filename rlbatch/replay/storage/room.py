"""How much there is room for, and a capacity beyond it refused before anything is allocated."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rlbatch.errors import require

GIGA = 1e9
ROOT = Path("/")


class Room(NamedTuple):
    """What a place can take."""

    nbytes: int
    where: str  # "memory"
    advice: str  # where there is too little of it


def require_room(capacity: int, row_bytes: int, room: Room | None) -> None:
    """Refuses more rows than fit.

    Args:
        capacity: rows a lane.
        row_bytes: what one row of capacity takes in all lanes.
        room: what there is; None where nobody knows.

    Raises:
        ConfigError: too many rows; the message tells how many would fit.
    """
    if room is None:
        return
    needed, most = capacity * row_bytes, room.nbytes // row_bytes
    fits = f"at most about {most} rows ({_size(room.nbytes)} of {room.where})"
    got = f"{capacity}: needs {_size(needed)}"
    require(needed <= room.nbytes, "replay.capacity", fits, got, room.advice)


def _size(nbytes: int) -> str:
    """Bytes in words: 1.5 GB; what is less than a thousandth of that in MB."""
    return f"{nbytes / GIGA:,.1f} GB" if nbytes >= GIGA / 10 else f"{nbytes / 1e6:,.1f} MB"


def memory(root: Path = ROOT) -> Room | None:
    """All the memory that this process may ever use, whether or not it is free now.

    Args:
        root: where the system tells of limits; another one in tests.
    """
    known = [limit for limit in (_physical(), *_group_limits(root)) if limit is not None]
    if not known:
        return None
    advice = "Lower it; in a buffer of your own you may also put rows on disk with path=<folder>."
    return Room(min(known), "memory", advice)


def disk(folder: Path) -> Room:
    """What is free where a folder lies, but for the slots that rows on disk have to spare.

    Args:
        folder: need not be there: it will be made in the nearest one that is.
    """
    there = next(own for own in (folder, *folder.parents) if own.exists())
    free = shutil.disk_usage(there).free * 16 // 17
    return Room(free, f"disk free in {folder}", "Lower it, or choose a folder on another disk.")


def _physical() -> int | None:
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return None  # Windows
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _group_limits(root: Path) -> Iterator[int]:
    """Limits of the control groups, versions 1 and 2, that this process is in, and of theirs."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, tail = line.partition(":")
        controllers, _, group = tail.partition(":")
        mount, file = root / "sys/fs/cgroup", "memory.max"
        if "memory" in controllers.split(","):
            mount, file = mount / "memory", "memory.limit_in_bytes"
        elif controllers:
            continue
        own = mount / group.lstrip("/")
        for folder in (own, *own.parents):
            if folder.is_relative_to(mount) and (told := _text(folder / file).strip()).isdigit():
                yield int(told)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
