"""Memory that a process keeps for itself."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from rlbatch.train.heap import keep_freed_memory

ROOT = Path(__file__).resolve().parents[3]
CHURN = """
import resource
import numpy as np
from rlbatch.train.heap import keep_freed_memory
if {keep}:
    assert keep_freed_memory()
def churn():
    return sum(array[0] for array in [np.ones(2 << 20) for _ in range(6)])
for _ in range(3):
    churn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    churn()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
GLIBC = sys.platform == "linux" and platform.libc_ver()[0] == "glibc"


def faults(keep: bool) -> int:
    """Page faults of ten rounds of six arrays of 16 MiB."""
    command = [sys.executable, "-c", CHURN.format(keep=keep)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not GLIBC, reason="asks glibc")
def test_what_was_freed_is_there_again() -> None:
    assert faults(keep=False) > 1000
    assert faults(keep=True) < 100


def test_elsewhere_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: object) -> object:
        return object()

    monkeypatch.setattr(ctypes, "CDLL", none)
    assert not keep_freed_memory()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
