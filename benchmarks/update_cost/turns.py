"""Times calls that take turns, so that a machine that slows down hits all of them."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from typing import TypeVar

from benchmarks.update_cost.case import Call

Key = TypeVar("Key", bound=Hashable)
WARM = 3  # untimed calls first: what is recorded or compiled once does not count


def in_turns(calls: Mapping[Key, Call], rounds: int, seconds: float) -> dict[Key, list[float]]:
    """Microseconds a call, one a round; every other round goes backwards.

    Args:
        calls: by name.
        rounds: in each of which every call is repeated for a while.
        seconds: of that while, at least; one call may take longer.
    """
    loops = {name: loops_of(call, seconds) for name, call in calls.items()}
    told: dict[Key, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name in calls if turn % 2 == 0 else reversed(list(calls)):
            calls[name]()  # brings its own data back into the caches
            told[name].append(per_call(calls[name], loops[name]))
    return told


def loops_of(call: Call, seconds: float) -> int:
    """How often to repeat a call."""
    per_call(call, WARM)
    return max(1, int(seconds * 1e6 / per_call(call, WARM)))


def per_call(call: Call, loops: int) -> float:
    """Microseconds a call."""
    began = time.perf_counter()
    for _ in range(loops):
        call()
    return 1e6 * (time.perf_counter() - began) / loops
