"""The run folder: claimed before anything is written, described, and completed by a summary."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

import rlbatch
from rlbatch import files
from rlbatch.errors import FileError

RUNS = Path("runs")
CONTENT = (
    "config.yaml",
    "manifest.json",
    "metrics.csv",
    "eval.csv",
    "decisions.csv",
    "events.csv",
    "control.csv",
    "throughput.json",
    "diagnostics.json",
    "summary.json",
    "tb",
    "checkpoints",
    "wandb",
)
PACKAGES = ("torch", "numpy", "gymnasium", "numba", "scipy", "tensorboard")


def claim(run_dir: str | None, name: str, overwrite: bool) -> Path:
    """Makes the folder of a run: `run_dir`, or the next free runs/<name>-<n>.

    Raises:
        FileError: it already holds a run (and `overwrite` is not given), or cannot be made.
    """
    try:
        if run_dir is None:
            return _next_free(name)
        folder = Path(run_dir)
        folder.mkdir(parents=True, exist_ok=True)
        held = [entry for entry in CONTENT if (folder / entry).exists()]
        if held and not overwrite:
            raise FileError(
                f"run_dir {folder}",
                "a folder without a run",
                f"one with {held[0]}",
                "Choose another, or add --overwrite.",
            )
        for entry in held:
            _remove(folder / entry)
    except OSError as refused:
        if isinstance(refused, FileError):
            raise
        told = refused.strerror or refused
        raise FileError(f"run_dir {run_dir or RUNS}", "a folder that can be made", told) from None
    return folder


def describe(
    folder: Path,
    config: str,
    env: Mapping[str, Any],
    threads: int,
    packed: Sequence[str] = (),
) -> None:
    """Writes config.yaml and manifest.json, and makes checkpoints/.

    Args:
        folder: claimed.
        config: resolved.
        env: its part about the environment.
        threads: of torch.
        packed: names of all runs that one trainer trains, this one among them; (): it is alone.
    """
    files.write_text(folder / "config.yaml", config)
    manifest = origin() | {
        "env": dict(env),
        "threads": threads,
        "matmul_precision": torch.get_float32_matmul_precision(),
        "openblas_coretype": os.environ.get("OPENBLAS_CORETYPE"),
    }
    write_json(folder / "manifest.json", manifest | ({"packed": list(packed)} if packed else {}))
    (folder / "checkpoints").mkdir(exist_ok=True)


def origin() -> dict[str, Any]:
    """Where results come from: commit, versions, hardware, command."""
    return {
        "commit": _commit(),
        "versions": {
            "rlbatch": rlbatch.__version__,
            "python": platform.python_version(),
            **{package: _version(package) for package in PACKAGES},
        },
        "hardware": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
            "system": platform.platform(),
        },
        "command": [Path(sys.orig_argv[0]).name, *sys.orig_argv[1:]],
    }


def write_json(path: Path, told: Mapping[str, Any] | Sequence[Any]) -> None:
    """Writes JSON a person can read, whole or not at all."""
    files.write_text(path, json.dumps(told, indent=2) + "\n")


def _next_free(name: str) -> Path:
    RUNS.mkdir(exist_ok=True)
    found = (re.fullmatch(re.escape(name) + r"-(\d+)", path.name) for path in RUNS.iterdir())
    n = 1 + max((int(match[1]) for match in found if match), default=0)
    while True:  # two runs may start at once: mkdir decides
        folder = RUNS / f"{name}-{n}"
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            _point_latest(folder)
            return folder
        n += 1


def _point_latest(folder: Path) -> None:
    """runs/latest; without it where the file system has no links."""
    link, new = RUNS / "latest", RUNS / f".latest-{os.getpid()}"
    with contextlib.suppress(OSError):
        new.symlink_to(folder.name, target_is_directory=True)
        new.replace(link)


def _remove(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()


def _commit() -> str | None:
    """The checkout's commit, with "+" where files differ from it; None outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    git = ["git", "-C", str(root)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True)
        changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True)
    except OSError:
        return None
    return head.stdout.strip() + "+" * bool(changed.stdout.strip()) or None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
