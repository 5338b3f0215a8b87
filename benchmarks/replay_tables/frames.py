"""Atari's stacks of four 84 × 84 frames: memory for all rows, and how long `sample(B)` takes.

Only buffers that store a frame once take part; SB3 stores the whole stack with every row. The
frames are noise, each another, in episodes of 1000 rows. For memory one subject is filled at a
time, with all rows; for speed they take turns at a tenth of them, so that all fit side by side.
"""

from contextlib import ExitStack
from typing import Any

from benchmarks.replay_tables.section import Options, Section, Table, fastest, ratio, row
from benchmarks.replay_tables.subjects import OURS, start
from benchmarks.replay_tables.turns import in_turns, loop, medians

PEERS = ("cpprb", "tianshou")
BATCH_SIZES = (32, 256)
LOOPS = 16  # calls; a row is 28 KB, twice
LEAST_ROWS = 2_000  # two episodes


def measure(options: Options) -> Section:
    """Measures memory one after another, then speed in turns."""
    names = options.among(OURS, *PEERS)
    fills = {name: filled(name, options.rows) for name in names}
    few = max(LEAST_ROWS, options.rows // 10)
    asks = {}
    with ExitStack() as stack:
        workers = {name: stack.enter_context(start(name)) for name in names}
        for worker in workers.values():
            worker.ask(build="frames", rows=few)
        for batch in BATCH_SIZES:
            for name, worker in workers.items():
                asks[name, batch] = loop(worker, "sample", batch, LOOPS)
        times = in_turns(asks, options.repeats)
    us = medians(times)
    title = f"84 × 84 frames in stacks of four, {options.rows:,} rows"
    raw = {"us": us, "rounds": times, "fill": fills, "rows_for_speed": few}
    return Section(title, [memory(fills, options.rows), speed(us, few)], [], raw)


def filled(name: str, rows: int) -> dict[str, Any]:
    """Fills a buffer in a process that then ends, and returns what that cost."""
    with start(name) as worker:
        return worker.ask(build="frames", rows=rows)


def memory(fills: dict[str, dict[str, Any]], rows: int) -> Table:
    """Returns what all rows occupy."""
    body = []
    for name, answer in fills.items():
        own = f"{answer['nbytes'] / 1e9:.3f}" if answer["nbytes"] else "-"
        risen = answer["rss_bytes"]
        figures = f"{risen / 1e9:.3f}", f"{risen / rows:.0f}", f"{answer['seconds']:.1f}"
        body.append([name, own, *figures])
    return ["memory", "nbytes, GB", "resident rise, GB", "bytes a row", "fill, s"], body


def speed(us: dict[str, dict[int, float]], rows: int) -> Table:
    """Returns µs per sample, and how the fastest peer compares."""
    body = [row(name, figures, BATCH_SIZES, 0) for name, figures in us.items()]
    peers = fastest(us, PEERS)
    if OURS in us and peers:
        body.append(row(f"fastest peer / {OURS}", ratio(peers, us[OURS]), BATCH_SIZES, 2))
    return [f"µs per sample, {rows:,} rows", *(f"B = {b}" for b in BATCH_SIZES)], body
