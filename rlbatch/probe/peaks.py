"""The most memory that a piece of work held, read where the device tells it."""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
import sys
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

import torch

from rlbatch.errors import TrainingError
from rlbatch.probe.limits import room

Work = Callable[[], None]
CHILD_S = 60.0  # a child that has not ended by then never will
SELF = Path("/proc/self")


class Peaks(Protocol):
    """A way to read memory."""

    how: str  # in words, for the report

    def peak(self, work: Work) -> int:
        """Bytes held at most, by all that this process holds, while it works."""
        ...

    def resident(self) -> int:
        """Bytes held now."""
        ...

    def limit(self) -> tuple[int, str]:
        """Bytes that this process can hold at most, and who says so."""
        ...


def peaks_on(device: torch.device) -> Peaks:
    """The best way there is on this machine."""
    if device.type == "cuda":
        return OnCuda(device)
    with contextlib.suppress(OSError, KeyError):
        marked = HighWater()
        marked.peak(lambda: None)
        return marked
    return InChild()


class OnCuda:
    """torch's own count, which knows every tensor to the byte."""

    how = "torch.cuda.max_memory_allocated"

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def peak(self, work: Work) -> int:
        torch.cuda.synchronize(self._device)
        torch.cuda.reset_peak_memory_stats(self._device)
        work()
        torch.cuda.synchronize(self._device)
        return torch.cuda.max_memory_allocated(self._device)

    def resident(self) -> int:
        return torch.cuda.memory_allocated(self._device)

    def limit(self) -> tuple[int, str]:
        free, _ = torch.cuda.mem_get_info(self._device)
        return free + torch.cuda.memory_reserved(self._device), "free memory of the GPU"


class HighWater:
    """VmHWM of Linux, put back to the present by writing 5 to clear_refs.

    glibc keeps what is freed for the next, so the mark tells all that is held and not what the work
    adds: measure from small to large.
    """

    how = "VmHWM, reset through /proc/self/clear_refs"

    def peak(self, work: Work) -> int:
        (SELF / "clear_refs").write_text("5")
        work()
        return _status("VmHWM")

    def resident(self) -> int:
        return _status("VmRSS")

    def limit(self) -> tuple[int, str]:
        left = room()
        return self.resident() + left.free, left.source


class InChild:
    """A fork that works once and tells its ru_maxrss, where the mark cannot be put back.

    Right after a fork the kernel counts a child's peak anew, from what it shares with its parent.
    """

    how = "ru_maxrss of a child process"

    def peak(self, work: Work) -> int:
        forking = multiprocessing.get_context("fork")
        ours, theirs = forking.Pipe(duplex=False)
        child = forking.Process(target=_work_and_tell, args=(work, theirs))
        with warnings.catch_warnings():  # Python 3.12 fears for threads, and the child has none
            warnings.simplefilter("ignore", DeprecationWarning)
            child.start()
        child.join(CHILD_S)
        if child.is_alive():
            child.kill()
        if not ours.poll():
            raise TrainingError("probe", "a child process that measures memory", "no answer")
        return int(ours.recv())

    def resident(self) -> int:
        return self.peak(lambda: None)

    def limit(self) -> tuple[int, str]:
        left = room()
        return self.resident() + left.free, left.source


def _work_and_tell(work: Work, pipe: Connection) -> None:
    torch.set_num_threads(1)  # threads do not survive a fork
    work()
    unit = 1 if sys.platform == "darwin" else 1024
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def _status(name: str) -> int:
    """A number of /proc/self/status in bytes.

    Raises:
        KeyError: this kernel does not tell it.
    """
    lines = (line.split() for line in (SELF / "status").read_text().splitlines())
    told = {words[0]: words[1] for words in lines if len(words) > 1}
    return int(told[f"{name}:"]) * 1024
