"""Short timed loops that take turns (A, B, C, A, B, C, ...), and their medians."""

import statistics
from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.processes import Worker

Ask = Callable[[], float]  # one short loop; µs a call
Times = dict[str, dict[int, list[float]]]  # subject, size -> µs a call, one a round

ROWS_PER_LOOP = 2**16  # a loop moves about as many rows, where nothing else is said
MIN_LOOPS = 16  # calls


def loop(worker: Worker, call: str, size: int, loops: int | None = None) -> Ask:
    """Returns a loop over one of a worker's calls."""
    loops = max(MIN_LOOPS, ROWS_PER_LOOP // size) if loops is None else loops
    return partial(_us, worker, call, size, loops)


def in_turns(asks: Mapping[tuple[str, int], Ask], repeats: int) -> Times:
    """Runs every loop once a round, in the order given, so that a slow spell hits everyone."""
    times: Times = {}
    for _ in range(repeats):
        for (name, size), ask in asks.items():
            times.setdefault(name, {}).setdefault(size, []).append(ask())
    return times


def medians(times: Times) -> dict[str, dict[int, float]]:
    """Returns the median over rounds of each subject and size."""
    return {
        name: {size: statistics.median(rounds) for size, rounds in own.items()}
        for name, own in times.items()
    }


def _us(worker: Worker, call: str, size: int, loops: int) -> float:
    return float(worker.ask(call=call, size=size, loops=loops)["us"])
