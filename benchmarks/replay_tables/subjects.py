"""Who takes part in the replay benchmark, and how their workers are started."""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.processes import Worker
from benchmarks.venvs import peer_python

OURS = "rlbatch"
BARE = "bare"  # the gather alone, with this interpreter
PEERS: dict[str, tuple[str, ...]] = {
    "sb3": ("torch", "stable-baselines3==2.9.2"),
    "cpprb": ("torch", "cpprb==11.0.0"),
    "tianshou": ("torch", "tianshou==2.0.1"),
}
EVERYONE = (OURS, *PEERS)


def start(name: str, under: Sequence[str] = ()) -> Worker:
    """Starts a subject's worker: ours with this interpreter, a peer's with its own."""
    own = name not in PEERS
    python = Path(sys.executable) if own else peer_python(name, PEERS[name])
    return Worker(python, f"benchmarks.workers.replay_{name}", under)
