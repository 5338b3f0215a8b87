"""How long `sample(B)` of CartPole rows takes, and what a full buffer occupies.

Samples count as torch tensors: a peer that returns NumPy arrays has them wrapped without a copy.
rlbatch returns strided views of packed rows; `--contiguous` makes all fields contiguous inside the
timed loop, for everyone. With reused output the tensors are overwritten by the next such call. The
bare gather copies as many random rows of as many bytes to a reused block, and does nothing else.
"""

from contextlib import ExitStack
from typing import Any

from benchmarks.processes import Worker
from benchmarks.replay_tables.section import Options, Section, Table, fastest, ratio, row
from benchmarks.replay_tables.subjects import BARE, EVERYONE, OURS, PEERS, start
from benchmarks.replay_tables.turns import in_turns, loop, medians

BATCH_SIZES = (32, 256, 2048, 16384)
REUSED = "rlbatch, reused output"
GATHER = "bare gather"
Fills = dict[str, dict[str, Any]]


def measure(options: Options) -> Section:
    """Fills every buffer, and draws from them in turns."""
    with ExitStack() as stack:
        names = options.among(*EVERYONE)
        workers = {name: stack.enter_context(start(name)) for name in names}
        fills = {name: own.ask(build="uniform", rows=options.rows) for name, own in workers.items()}
        own_call = "contiguous" if options.contiguous else "sample"
        lines: dict[str, tuple[Worker, str]] = {n: (w, own_call) for n, w in workers.items()}
        if OURS in workers:
            bare = stack.enter_context(start(BARE))
            row_bytes = fills[OURS]["nbytes"] // options.rows
            bare.ask(build="gather", rows=options.rows, row_bytes=row_bytes)
            lines |= {REUSED: (workers[OURS], "reused"), GATHER: (bare, "sample")}
        asks = {(name, b): loop(*line, b) for b in BATCH_SIZES for name, line in lines.items()}
        times = in_turns(asks, options.repeats)
    title = f"sample(B) from {options.rows:,} CartPole rows"
    us = medians(times)
    raw = {"us": us, "rounds": times, "fill": fills}
    return Section(title, [speed(us), memory(fills)], [], raw)


def speed(us: dict[str, dict[int, float]]) -> Table:
    """Returns µs per sample, and how the fastest peer and the bare gather compare."""
    rows = [row(name, figures, BATCH_SIZES) for name, figures in us.items()]
    peers = fastest(us, PEERS)
    for mine in (OURS, REUSED):
        if mine in us and peers:
            ratios = ratio(peers, us[mine])
            rows.append(row(f"fastest peer / {mine}", ratios, BATCH_SIZES, 2))
    for mine in (OURS, REUSED):
        if mine in us:
            ratios = ratio(us[GATHER], us[mine])
            rows.append(row(f"bare gather / {mine}", ratios, BATCH_SIZES, 2))
    return ["µs per sample", *(f"B = {b}" for b in BATCH_SIZES)], rows


def memory(fills: Fills) -> Table:
    """Returns what filling cost: memory the buffer admits to, memory it occupies, time."""
    rows = []
    for name, answer in fills.items():
        own = f"{answer['nbytes'] / 1e6:.1f}" if answer["nbytes"] else "-"
        rows.append([name, own, f"{answer['rss_bytes'] / 1e6:.1f}", f"{answer['seconds']:.1f}"])
    return ["memory", "nbytes, MB", "resident rise, MB", "fill, s"], rows
