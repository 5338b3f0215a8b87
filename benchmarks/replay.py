"""Measures how long `sample(B)` takes, rlbatch against its peers, and prints ratios.

    python benchmarks/replay.py [--rows 1000000] [--repeats 21] [--contiguous] [--json FILE]

Every buffer holds the same CartPole-shaped rows, really written: pages never touched flatter by
more than twice. Each one lives in a process of its own with one thread, and short timed loops take
turns (A, B, C, A, B, C, ...), so a machine that slows down slows them all. A figure is the median
over rounds. Samples count as torch tensors: a peer that returns NumPy arrays has them wrapped
without a copy. rlbatch returns strided views of packed rows; `--contiguous` makes all fields
contiguous inside the timed loop, for everyone.
"""

import argparse
import json
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import Worker
from benchmarks.tables import heading, machine, table
from benchmarks.venvs import peer_python

OURS = "rlbatch"
PEERS: dict[str, tuple[str, ...]] = {
    "sb3": ("torch", "stable-baselines3==2.9.2"),
    "cpprb": ("torch", "cpprb==11.0.0"),
    "tianshou": ("torch", "tianshou==2.0.1"),
}
BATCH_SIZES = (32, 256, 2048, 16384)
ROWS_PER_LOOP = 2**16  # a loop draws about as many rows, and at least MIN_DRAWS times
MIN_DRAWS = 16

Times = dict[str, dict[int, list[float]]]  # subject, B -> µs per sample, one a round


def main() -> None:
    """Fills, measures in turns, prints, and writes the raw figures where asked."""
    options = arguments()
    with ExitStack() as stack:
        workers = {name: stack.enter_context(start(name)) for name in options.only}
        fills = {name: worker.ask(rows=options.rows) for name, worker in workers.items()}
        times = measure(workers, options.repeats, options.contiguous)
    us = {name: {b: statistics.median(t) for b, t in row.items()} for name, row in times.items()}
    versions = {name: str(answer["version"]) for name, answer in fills.items()}
    facts = {**machine(), **versions}
    print(heading(f"sample(B) from {options.rows:,} rows, one thread", facts))
    print(table(*speed(us)))
    print()
    print(table(*memory(fills)))
    if options.json:
        result = {"machine": facts, "rows": options.rows, "us": us, "rounds": times, "fill": fills}
        Path(options.json).write_text(json.dumps(result, indent=1))


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    everyone = [OURS, *PEERS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows in each buffer")
    parser.add_argument("--repeats", type=int, default=21, help="rounds; figures are medians")
    parser.add_argument("--only", nargs="+", default=everyone, choices=everyone)
    parser.add_argument("--contiguous", action="store_true", help="time contiguous fields")
    parser.add_argument("--json", help="file for the raw figures")
    return parser.parse_args()


def start(name: str) -> Worker:
    """Starts a subject's worker: ours with this interpreter, a peer's with its own."""
    python = Path(sys.executable) if name == OURS else peer_python(name, PEERS[name])
    return Worker(python, f"benchmarks.workers.replay_{name}")


def measure(workers: dict[str, Worker], repeats: int, contiguous: bool) -> Times:
    """Times every subject at every B, in turns."""
    times: Times = {name: {batch: [] for batch in BATCH_SIZES} for name in workers}
    for _ in range(repeats):
        for batch in BATCH_SIZES:
            draws = max(MIN_DRAWS, ROWS_PER_LOOP // batch)
            for name, worker in workers.items():
                answer = worker.ask(batch=batch, draws=draws, contiguous=contiguous)
                times[name][batch].append(answer["us"])
    return times


def speed(us: dict[str, dict[int, float]]) -> tuple[list[str], list[list[str]]]:
    """Returns µs per sample, and how many times as long the fastest peer takes."""
    rows = [[name, *(f"{us[name][b]:.1f}" for b in BATCH_SIZES)] for name in us]
    peers = [name for name in us if name != OURS]
    if OURS in us and peers:
        ratios = [min(us[name][b] for name in peers) / us[OURS][b] for b in BATCH_SIZES]
        rows.append(["fastest peer / rlbatch", *(f"{ratio:.2f}" for ratio in ratios)])
    return ["µs per sample", *(f"B = {b}" for b in BATCH_SIZES)], rows


def memory(fills: dict[str, dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Returns what filling cost: memory the buffer admits to, memory it occupies, time."""
    rows = []
    for name, answer in fills.items():
        own = f"{answer['nbytes'] / 1e6:.1f}" if answer["nbytes"] else "-"
        rows.append([name, own, f"{answer['rss_bytes'] / 1e6:.1f}", f"{answer['seconds']:.1f}"])
    return ["memory", "nbytes, MB", "resident rise, MB", "fill, s"], rows


if __name__ == "__main__":
    main()
