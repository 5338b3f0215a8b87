"""Builds one virtual environment per peer under `.bench/`, and reuses it while it is current."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / ".bench"
TORCH_PIN = "torch==2.13.0"


def peer_python(peer: str, requirements: Sequence[str]) -> Path:
    """Returns the interpreter of the peer's environment, building it first where that is needed.

    Every environment holds the torch that `constraints.txt` pins. Where a peer cannot live with
    the other pins, only that one is kept. A file beside the environment records what it was built
    from, written last: an interrupted build is never mistaken for a finished one.
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
    """Returns the line of `constraints.txt` that pins torch, or the default before it exists."""
    file = ROOT / "constraints.txt"
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.strip() for line in lines if line.startswith("torch==")), TORCH_PIN)


def make_home() -> None:
    """Creates `.bench/`, which git ignores, with the torch-only constraints in it."""
    BENCH.mkdir(exist_ok=True)
    (BENCH / ".gitignore").write_text("*\n")
    (BENCH / "torch-only.txt").write_text(torch_pin() + "\n")


def install(python: Path, requirements: Sequence[str]) -> None:
    """Installs under all of the project's constraints, or else under its torch alone."""
    files = [file for file in (ROOT / "constraints.txt", BENCH / "torch-only.txt") if file.exists()]
    for constraints in files:
        command = [str(python), "-m", "pip", "install", "--quiet", "-c", str(constraints)]
        if subprocess.run([*command, *requirements], stdout=subprocess.DEVNULL).returncode == 0:
            return
        print(f"{constraints.name}: cannot be met by {', '.join(requirements)}", file=sys.stderr)
    raise SystemExit(f"benchmarks: expected {', '.join(requirements)} to install, got an error.")
