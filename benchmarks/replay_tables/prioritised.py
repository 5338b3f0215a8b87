"""How long `sample(256)` and `update_priorities(256)` take together, and how that grows with rows.

Every priority was set once, so the sums are over unequal leaves. rlbatch and the bare gather are
measured at a tenth of the rows, at all, and at ten times as many; peers at all of them. cpprb and
Tianshou both return NumPy arrays, weights included, which are wrapped without a copy.
"""

from contextlib import ExitStack

from benchmarks.replay_tables.section import Options, Section, Table, fastest, ratio, row
from benchmarks.replay_tables.subjects import BARE, OURS, start
from benchmarks.replay_tables.turns import Ask, in_turns, loop, medians

PEERS = ("cpprb", "tianshou")  # SB3 has no priorities; TorchRL's do not load beside this torch
BATCH = 256
GATHER, REUSED = "bare gather", "rlbatch, reused output"
LOOPS = 128  # calls


def measure(options: Options) -> Section:
    """Fills a buffer a size, each in a process of its own, and draws from them in turns."""
    sizes = options.rows // 10, options.rows, 10 * options.rows
    asks: dict[tuple[str, int], Ask] = {}
    with ExitStack() as stack:
        for size in sizes if OURS in options.only else ():
            worker = stack.enter_context(start(OURS))
            fill = worker.ask(build="prioritised", rows=size)
            asks[OURS, size] = loop(worker, "sample and update", BATCH, LOOPS)
            asks[REUSED, size] = loop(worker, "reused", BATCH, LOOPS)
            bare = stack.enter_context(start(BARE))
            bare.ask(build="gather", rows=size, row_bytes=fill["nbytes"] // size)
            asks[GATHER, size] = loop(bare, "sample", BATCH, LOOPS)
        for name in options.among(*PEERS):
            worker = stack.enter_context(start(name))
            worker.ask(build="prioritised", rows=options.rows)
            asks[name, options.rows] = loop(worker, "sample and update", BATCH, LOOPS)
        times = in_turns(asks, options.repeats)
    us = medians(times)
    title = f"sample({BATCH}) + update_priorities({BATCH}), CartPole rows"
    return Section(title, [speed(us, sizes)], [], {"us": us, "rounds": times})


def speed(us: dict[str, dict[int, float]], sizes: tuple[int, ...]) -> Table:
    """Returns µs per draw and update, the growth over the sizes, and the fastest peer's ratio."""
    rows = []
    for name, figures in us.items():
        whole = all(size in figures for size in sizes)
        growth = f"{figures[sizes[-1]] / figures[sizes[0]]:.2f}" if whole else "-"
        rows.append([*row(name, figures, sizes), growth])
    peers = fastest(us, PEERS)
    for name in (OURS, REUSED):
        if name in us and peers:
            ratios = ratio(peers, us[name])
            rows.append([*row(f"fastest peer / {name}", ratios, sizes, 2), "-"])
    header = ["µs", *(f"{size:,} rows" for size in sizes), f"{sizes[-1]:,} / {sizes[0]:,}"]
    return header, rows
