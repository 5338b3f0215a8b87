"""The time of one update on each rung of the batch-size ladder, over its products alone."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmarks.tables import table
from benchmarks.update_cost.case import Case, updating
from benchmarks.update_cost.floor import flops, multiplying
from benchmarks.update_cost.turns import in_turns

OVER_FLOOR, FROM = 1.5, 512  # at most so many times its products, for batches of so many rows
RUNG = 0.9  # no rung gives fewer rows/s than so many times the one before it

HEADER = [
    *("rows a lane", "µs an update", "products, µs", "GFLOP/s"),
    f"update / products (aim {OVER_FLOOR:g} from {FROM} rows)",
    *("rows/s", f"over the rung before (aim {RUNG:g})"),
]

Times = tuple[list[float], list[float]]  # µs of an update and of its products, one a round


def ladder(lanes: int, sizes: Sequence[int], rounds: int, s: float, compile: bool) -> list[Times]:
    """Updates and products of every size take turns."""
    cases = [replace(Case(lanes=lanes), rows=size) for size in sizes]
    updates = {("update", case.rows): updating(case, compile) for case in cases}
    floors = {("floor", case.rows): multiplying(case) for case in cases}
    beside = {
        name: call
        for pair in zip(updates.items(), floors.items(), strict=True)
        for name, call in pair
    }
    told = in_turns(beside, rounds, s)
    return [(told["update", size], told["floor", size]) for size in sizes]


def rungs(lanes: int, sizes: Sequence[int], told: Sequence[Times]) -> list[dict[str, Any]]:
    """What each rung came to; ratios are medians of ratios within rounds."""
    found: list[dict[str, Any]] = []
    before: tuple[int, list[float]] | None = None
    for size, (update, floor) in zip(sizes, told, strict=True):
        us, bare = statistics.median(update), statistics.median(floor)
        over = statistics.median(a / b for a, b in zip(update, floor, strict=True))
        gain = None if before is None else gained(*before, size, update)
        found.append(
            {
                "lanes": lanes,
                "rows": size,
                "update_us": us,
                "floor_us": bare,
                "floor_gflops": flops(Case(lanes=lanes, rows=size)) / bare / 1e3,
                "over_floor": over,
                "over_floor_met": None if size < FROM else over <= OVER_FLOOR,
                "rows_per_s": 1e6 * lanes * size / us,
                "over_rung": gain,
                "over_rung_met": None if gain is None else gain >= RUNG,
            }
        )
        before = size, update
    return found


def gained(small: int, small_us: list[float], large: int, large_us: list[float]) -> float:
    """Rows/s at a size over those at a smaller one, median over rounds."""
    pairs = zip(small_us, large_us, strict=True)
    return statistics.median(large / small * (a / b) for a, b in pairs)


def told_table(found: Sequence[dict[str, Any]]) -> str:
    """One table, for one number of lanes."""
    rows = [
        [
            str(own["rows"]),
            f"{own['update_us']:.0f}",
            f"{own['floor_us']:.0f}",
            f"{own['floor_gflops']:.0f}",
            marked(own["over_floor"], own["over_floor_met"]),
            f"{own['rows_per_s']:,.0f}",
            "" if own["over_rung"] is None else marked(own["over_rung"], own["over_rung_met"]),
        ]
        for own in found
    ]
    return table(HEADER, rows)


def marked(number: float, met: bool | None) -> str:
    """A number, and whether it misses its aim."""
    return f"MISSED: {number:.2f}" if met is False else f"{number:.2f}"
