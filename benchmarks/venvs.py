"""Builds one virtual environment per peer under `.bench/`, and reuses it while it is current."""

import importlib.metadata
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / ".bench"


def peer_python(peer: str, requirements: Sequence[str]) -> Path:
    """Returns the interpreter of the peer's environment, building it first where that is needed.

    Every environment holds the torch of the interpreter that runs the benchmark, and the versions
    in `constraints.txt`; a peer that cannot live with those gets the torch alone. The record of
    what was installed is written last: an interrupted build is never mistaken for a finished one.
    """
    home = BENCH / peer
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    record = home / "built-from.txt"
    wanted = "\n".join([torch_pin(), *requirements, ""])
    if python.exists() and record.exists() and record.read_text() == wanted:
        return python
    print(f"building {home.relative_to(ROOT)} ({', '.join(requirements)}) ...", file=sys.stderr)
    make_home()
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
    install(python, requirements)
    record.write_text(wanted)
    return python


def torch_pin() -> str:
    """Returns the requirement that only this interpreter's own build of torch meets.

    Its version has the build in it (`+cpu`), so pip, when it looks for a way around a conflict,
    does not try another build of some gigabytes; and all programs multiply with the same kernels.
    """
    return f"torch=={importlib.metadata.version('torch')}"


def make_home() -> None:
    """Creates `.bench/`, which git ignores, with the torch-only constraints in it."""
    BENCH.mkdir(exist_ok=True)
    (BENCH / ".gitignore").write_text("*\n")
    (BENCH / "torch-only.txt").write_text(torch_pin() + "\n")


def install(python: Path, requirements: Sequence[str]) -> None:
    """Installs under all of the project's constraints, or else under its torch alone."""
    project = ROOT / "constraints.txt"
    torch_only = ["-c", str(BENCH / "torch-only.txt")]
    attempts = [[*torch_only, "-c", str(project)], torch_only] if project.exists() else [torch_only]
    for constraints in attempts:
        command = [str(python), "-m", "pip", "install", "-qq", *constraints, *requirements]
        if subprocess.run(command).returncode == 0:
            return
        print(f"pip could not install it under {constraints[-1]}.", file=sys.stderr)
    raise SystemExit(f"benchmarks: expected {', '.join(requirements)} to install, got an error.")
