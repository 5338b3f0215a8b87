"""Holds a command to so much memory: by a cgroup where one may be made, or else by an rlimit."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
# joins the group and then becomes the command, so that nothing of the command lies outside
JOIN = ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"')
DATA = ("sh", "-c", 'ulimit -d "$0" && exec "$@"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How a command is held to a number of bytes."""

    kind: str  # in words
    under: Sequence[str]  # what to put before the command
    peak_file: Path | None = None  # in which the kernel keeps the most bytes that it charged

    def peak_bytes(self) -> int | None:
        """Returns the most that was charged, pages of files included; None where no one counts."""
        return int(self.peak_file.read_text()) if self.peak_file else None


@contextmanager
def memory_limit(nbytes: int) -> Iterator[Limit]:
    """Yields a limit of `nbytes`, and takes it back when all that it held has ended.

    A cgroup counts pages of mapped files too, and takes them back from the process when it needs
    them. Where none can be made, RLIMIT_DATA counts private memory alone: files may fill the rest.
    """
    second = (CGROUPS / "cgroup.controllers").exists()
    group = (CGROUPS if second else first_version_group()) / f"rlbatch-bench-{os.getpid()}"
    try:
        limit = cgroup(group, nbytes, second)
    except OSError:
        limit = Limit(kind="RLIMIT_DATA, private memory", under=(*DATA, str(nbytes // 1024)))
    try:
        yield limit
    finally:
        if group.exists():
            group.rmdir()


def cgroup(group: Path, nbytes: int, second: bool) -> Limit:
    """Makes a memory cgroup.

    Raises:
        OSError: it may not be made, or this system's groups do not count memory.
    """
    group.mkdir()
    size, peak = ("max", "peak") if second else ("limit_in_bytes", "max_usage_in_bytes")
    with (group / f"memory.{size}").open("r+") as file:  # "r+" makes no file where there is none
        file.write(str(nbytes))
    return Limit(
        kind=f"memory cgroup v{2 if second else 1}",
        under=(*JOIN, str(group)),
        peak_file=group / f"memory.{peak}",
    )


def first_version_group() -> Path:
    """Returns this process's own memory group, in which a smaller one can be made."""
    file = Path("/proc/self/cgroup")
    lines = file.read_text().splitlines() if file.exists() else []
    entries = (line.split(":", 2) for line in lines)
    paths = (path for _, controllers, path in entries if "memory" in controllers.split(","))
    return CGROUPS / "memory" / next(paths, "").lstrip("/")
