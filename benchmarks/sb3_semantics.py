"""Writes what SB3's replay buffers return of a known stream, for a test that runs without SB3.

    python benchmarks/sb3_semantics.py

The stream and the answers go to tests/golden/sb3_replay.json, where
tests/rlbatch/replay/test_sb3_semantics.py feeds the same stream to rlbatch's buffer.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import report
from benchmarks.replay_tables.subjects import PEERS
from benchmarks.venvs import ROOT, peer_python

GOLDEN = ROOT / "tests" / "golden" / "sb3_replay.json"


def main() -> None:
    """Asks SB3, in its own environment."""
    python = peer_python("sb3", PEERS["sb3"])
    answer = report(python, "benchmarks.workers.semantics_sb3")
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(text(answer) + "\n")
    print(f"{GOLDEN.relative_to(ROOT)}: {GOLDEN.stat().st_size / 1000:.0f} kB")


def text(value: Any, indent: str = "") -> str:
    """Returns JSON with one column a line."""
    deeper = indent + " "
    if isinstance(value, dict):
        lines = [f"{deeper}{json.dumps(key)}: {text(own, deeper)}" for key, own in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and isinstance(value[0], dict):
        lines = [deeper + text(own, deeper) for own in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    main()
