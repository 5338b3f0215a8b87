"""The half of a replay worker that all buffers share: filling, timed loops, answers."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

WARM = 1024  # rows of the small buffer that is filled and used up first

Call = Callable[[int], object]  # of so many rows


class Filled(NamedTuple):
    """A full buffer: what can be timed by name, a check of what it gives, its size if it says."""

    calls: Mapping[str, Call]
    check: Callable[[], None]
    nbytes: int | None = None


Builder = Callable[..., Filled]  # takes `rows`, and what else its kind needs


def serve(version: str, builders: Mapping[str, Builder]) -> None:
    """Answers one request a line.

    `{"build": kind, "rows": N, ...}` with the cost of filling, `{"call": name, "size": B,
    "loops": k}` with the time of one call, `{"memory": 1}` with what the system says of this
    process.
    """
    torch.set_num_threads(1)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    filled = Filled({}, check=lambda: None)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        if "build" in request:
            filled, answer = fill(builders[request.pop("build")], **request)
            answer["version"] = version
        elif "call" in request:
            us = microseconds(filled.calls[request["call"]], request["size"], request["loops"])
            answer = {"us": us}
        else:
            answer = memory()
        print(json.dumps(answer), file=answers, flush=True)


def fill(build: Builder, rows: int, **more: Any) -> tuple[Filled, dict[str, Any]]:
    """Fills a buffer, checks it, and reports resident memory and time spent.

    A small buffer is filled and used first: what a library loads or compiles once is no part of
    the figures.
    """
    small = build(rows=WARM, **more)
    for call in small.calls.values():
        call(more.get("envs", 32))
    small.check()
    before, start = resident_bytes(), time.perf_counter()
    filled = build(rows=rows, **more)
    seconds, after = time.perf_counter() - start, resident_bytes()
    filled.check()
    return filled, {"seconds": seconds, "nbytes": filled.nbytes, "rss_bytes": after - before}


def microseconds(call: Call, size: int, loops: int) -> float:
    """Returns the mean time of a call over one short loop, after an untimed start."""
    for _ in range(loops // 8 + 2):
        answer = call(size)
    start = time.perf_counter()
    for _ in range(loops):
        answer = call(size)
    elapsed = time.perf_counter() - start
    del answer
    return elapsed / loops * 1e6


def resident_bytes() -> int:
    """Returns the memory this process occupies now, or 0 where the system does not tell."""
    file = Path("/proc/self/statm")
    return int(file.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") if file.exists() else 0


def memory() -> dict[str, int]:
    """Returns the bytes of /proc/self/status, by its own names; nothing where there is none."""
    file = Path("/proc/self/status")
    lines = file.read_text().splitlines() if file.exists() else []
    fields = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(kib) * 1024 for name, kib, _ in fields}
