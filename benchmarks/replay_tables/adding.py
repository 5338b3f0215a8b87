"""How long `add` takes per transition, with one row of each of E environments a call.

All buffers are full, so every row overwrites one. What a call takes is made ahead: arrays, SB3's
`infos` too; Tianshou's Batch is made inside the timed loop, for it is how its arrays are handed
in. Tianshou keeps a ring for each environment, the others one for all.
"""

from contextlib import ExitStack

from benchmarks.replay_tables.section import Options, Section, Table, fastest, ratio, row
from benchmarks.replay_tables.subjects import EVERYONE, OURS, PEERS, start
from benchmarks.replay_tables.turns import in_turns, loop, medians

LOOPS = {1: 2048, 16: 512, 256: 128}  # E: calls in a loop
ENVS = tuple(LOOPS)


def measure(options: Options) -> Section:
    """Fills a buffer for every subject and number of environments, and adds in turns."""
    asks = {}
    with ExitStack() as stack:
        for envs, loops in LOOPS.items():
            for name in options.among(*EVERYONE):
                worker = stack.enter_context(start(name))
                worker.ask(build="adding", rows=options.rows, envs=envs)
                asks[name, envs] = loop(worker, "add", envs, loops)
        times = in_turns(asks, options.repeats)
    us = medians(times)
    each = {name: {e: figure / e for e, figure in own.items()} for name, own in us.items()}
    title = f"add to a full buffer of {options.rows:,} CartPole rows"
    raw = {"us_per_transition": each, "rounds_us_per_call": times}
    return Section(title, [speed(each)], [], raw)


def speed(us: dict[str, dict[int, float]]) -> Table:
    """Returns µs per transition, and how SB3 and the fastest peer compare."""
    rows = [row(name, figures, ENVS, 3) for name, figures in us.items()]
    if OURS in us and "sb3" in us:
        rows.append(row(f"sb3 / {OURS}", ratio(us["sb3"], us[OURS]), ENVS, 2))
        alone = dict.fromkeys(ENVS, us["sb3"][1])
        rows.append(row(f"sb3 at E = 1 / {OURS}", ratio(alone, us[OURS]), ENVS, 2))
    peers = fastest(us, PEERS)
    if OURS in us and peers:
        rows.append(row(f"fastest peer / {OURS}", ratio(peers, us[OURS]), ENVS, 2))
    return ["µs per transition", *(f"E = {envs}" for envs in ENVS)], rows
