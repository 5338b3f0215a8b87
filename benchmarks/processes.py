"""Runs workers in processes of their own, held to one thread."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.venvs import ROOT

THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


class WorkerEnded(SystemExit):
    """A worker ended before it answered; `status` is negative where a signal ended it."""

    def __init__(self, module: str, status: int) -> None:
        super().__init__(f"{module}: expected an answer, got exit {status}.")
        self.status = status


def one_thread() -> dict[str, str]:
    """Returns this process's variables, with every numeric library held to one thread."""
    return {**os.environ, **dict.fromkeys(THREAD_LIMITS, "1"), "PYTHONWARNINGS": "ignore"}


def hold_to_core(core: int | None = None) -> str:
    """Holds this process and all that it starts to one core, and returns which.

    A library that starts threads all the same gains nothing by them.

    Args:
        core: None takes the last that this process may run on.

    Returns:
        Its number, or "any" where the system cannot hold a process.
    """
    if sys.platform != "linux":
        return "any"
    chosen = max(os.sched_getaffinity(0)) if core is None else core
    os.sched_setaffinity(0, {chosen})
    return str(chosen)


def report(python: Path, module: str, *arguments: str) -> dict[str, Any]:
    """Runs a worker to its end and returns the JSON object on the last line it printed."""
    command = [str(python), "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=one_thread(), capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{module}: expected exit status 0, got {done.returncode}.\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


class Worker:
    """A process that answers each JSON line with one JSON line, and sleeps in between.

    Args:
        python: its interpreter.
        module: that it runs.
        under: the start of a command that ends in running another, which sets limits for it.
    """

    def __init__(self, python: Path, module: str, under: Sequence[str] = ()) -> None:
        self.module = module
        self.process = subprocess.Popen(
            [*under, str(python), "-m", module],
            cwd=ROOT,
            env=one_thread(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: int | str) -> dict[str, Any]:
        """Sends a request and waits for its answer.

        Raises:
            WorkerEnded: there is none.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise WorkerEnded(self.module, self.process.wait())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait()
