"""How much memory a process may come to hold on the CPU: the machine's, or its cgroup's if less."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path("/")


class Room(NamedTuple):
    """Bytes that are still free, and who says so."""

    free: int
    source: str


def room(root: Path = ROOT) -> Room:
    """The smallest of what the machine and each cgroup around this process have left."""
    return min([_machine(root), *_cgroups(root)])


def _machine(root: Path) -> Room:
    """MemAvailable of the kernel; elsewhere all physical memory."""
    with contextlib.suppress(OSError, StopIteration):
        lines = (root / "proc/meminfo").read_text().splitlines()
        told = next(line for line in lines if line.startswith("MemAvailable:"))
        return Room(int(told.split()[1]) * 1024, "available memory of the machine")
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Room(pages * size, "physical memory of the machine")


def _cgroups(root: Path) -> Iterator[Room]:
    """Of version 1 and 2, from the process's own group up to the root."""
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, place = line.split(":", 2)
            if controllers == "":
                yield from _upwards(root / "sys/fs/cgroup", place, "memory.max", "memory.current")
            elif "memory" in controllers.split(","):
                names = "memory.limit_in_bytes", "memory.usage_in_bytes"
                yield from _upwards(root / "sys/fs/cgroup/memory", place, *names)


def _upwards(mount: Path, place: str, limit: str, usage: str) -> Iterator[Room]:
    """A group and its parents; inside a container its own path may not be there."""
    group = mount / place.strip("/")
    for folder in (group, *group.parents):
        with contextlib.suppress(OSError, ValueError):  # not there, or "max"; version 1 writes 2⁶³
            most = int((folder / limit).read_text())
            used = int((folder / usage).read_text()) - _cache(folder)
            yield Room(max(0, most - used), f"{limit} of the cgroup")
        if folder == mount:
            return


def _cache(folder: Path) -> int:
    """Bytes of files that the kernel gives up before it lets memory run out."""
    with contextlib.suppress(OSError):
        for line in (folder / "memory.stat").read_text().splitlines():
            name, _, number = line.partition(" ")
            if name in ("total_inactive_file", "inactive_file"):
                return int(number)
    return 0
