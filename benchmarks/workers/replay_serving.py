"""The half of the replay benchmark that all buffers share: content, timed loops, answers."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

CHUNK = 1000  # rows made at a time, so that making them leaves no large temporaries behind
CHECKED = 512  # rows of the sample that is checked once


class Transitions(NamedTuple):
    """CartPole-shaped rows; `next_obs = obs + 1` exactly, so that a sample can be checked."""

    obs: npt.NDArray[np.float32]  # [N, 4]
    action: npt.NDArray[np.int64]  # [N]
    reward: npt.NDArray[np.float32]  # [N]
    next_obs: npt.NDArray[np.float32]  # [N, 4]
    terminated: npt.NDArray[np.bool_]  # [N]
    truncated: npt.NDArray[np.bool_]  # [N]


class Fields(NamedTuple):
    """What a learner needs of a sample, as torch tensors."""

    obs: Tensor  # [B, 4]
    action: Tensor  # [B] or [B, 1]
    reward: Tensor  # [B] or [B, 1]
    next_obs: Tensor  # [B, 4]
    done: Tensor  # [B] or [B, 1]; a discount will do


class Filled(NamedTuple):
    """A full buffer: how to draw from it and, where it says so itself, its size in bytes."""

    sample: Callable[[int], Fields]
    nbytes: int | None = None


def transitions(rows: int) -> Iterator[Transitions]:
    """Yields `rows` transitions in chunks; no value is zero everywhere."""
    rng = np.random.default_rng(0)
    for start in range(0, rows, CHUNK):
        size = min(CHUNK, rows - start)
        obs = (rng.integers(-4096, 4096, (size, 4)) / 1024).astype(np.float32)
        yield Transitions(
            obs=obs,
            action=rng.integers(0, 2, size),
            reward=np.ones(size, np.float32),
            next_obs=obs + np.float32(1),
            terminated=rng.random(size) < 0.02,
            truncated=np.zeros(size, np.bool_),
        )


def serve(version: str, build: Callable[[int], Filled]) -> None:
    """Answers `{"rows": N}` with the cost of filling, then `{"batch": B, ...}` with times."""
    torch.set_num_threads(1)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no answer
    filled = Filled(sample=_unfilled)
    for line in sys.stdin:
        request: dict[str, Any] = json.loads(line)
        if "rows" in request:
            filled, answer = fill(version, build, request["rows"])
        else:
            answer = {"us": microseconds(filled.sample, **request)}
        print(json.dumps(answer), file=answers, flush=True)


def fill(version: str, build: Callable[[int], Filled], rows: int) -> tuple[Filled, dict[str, Any]]:
    """Fills a buffer, checks one sample, and reports resident memory and time spent.

    A small buffer is filled and drawn from first: what a library loads or compiles once is no part
    of the figures.
    """
    build(CHUNK).sample(CHECKED)
    before, start = resident_bytes(), time.perf_counter()
    filled = build(rows)
    seconds, after = time.perf_counter() - start, resident_bytes()
    check(filled.sample(CHECKED))
    return filled, {
        "version": version,
        "seconds": seconds,
        "nbytes": filled.nbytes,
        "rss_bytes": after - before,
    }


def check(fields: Fields) -> None:
    """Refuses a sample that is not made of whole, distinct, stored rows."""
    step = fields.next_obs - fields.obs
    if step.shape != (CHECKED, 4) or not bool((step == 1).all()):
        raise SystemExit("sample: expected next_obs = obs + 1 in 512 rows, got something else.")
    rows = set(map(tuple, fields.obs.tolist()))
    actions = set(fields.action.flatten().tolist())
    if len(rows) < CHECKED // 2 or actions != {0, 1}:
        raise SystemExit("sample: expected distinct rows with both actions, got repetition.")


def microseconds(
    sample: Callable[[int], Fields], *, batch: int, draws: int, contiguous: bool
) -> float:
    """Returns the mean time of a draw over one short loop, after an untimed start."""
    for _ in range(draws // 8 + 2):
        fields = sample(batch)
    start = time.perf_counter()
    for _ in range(draws):
        fields = sample(batch)
        if contiguous:
            fields = Fields(*[field.contiguous() for field in fields])
    elapsed = time.perf_counter() - start
    del fields
    return elapsed / draws * 1e6


def resident_bytes() -> int:
    """Returns the memory this process occupies now, or 0 where the system does not tell."""
    file = Path("/proc/self/statm")
    return int(file.read_text().split()[1]) * os.sysconf("SC_PAGESIZE") if file.exists() else 0


def _unfilled(batch: int) -> Fields:
    raise SystemExit(f"sample({batch}): expected a filled buffer, got none. Send rows first.")
