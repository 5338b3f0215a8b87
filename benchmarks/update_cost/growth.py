"""How the time of an update grows with lanes, rows, capacity and width, one at a time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.tables import table
from benchmarks.update_cost.case import Call, Case, drawing, updating
from benchmarks.update_cost.floor import multiplying
from benchmarks.update_cost.turns import in_turns

Kind = Literal["lanes", "rows", "capacity", "width"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What grows, while all else is a `Case`'s own."""

    kind: Kind
    sizes: tuple[int, ...]
    says: str

    def case(self, size: int) -> Case:
        """The case at a size."""
        if self.kind == "lanes":
            return Case(lanes=size)
        if self.kind == "rows":
            return Case(rows=size)
        return Case(hidden=(size, size)) if self.kind == "width" else Case()

    def call(self, size: int, compile: bool) -> Call:
        """What is timed: an update, with the draw before it where capacity grows."""
        if self.kind == "capacity":
            return drawing(self.case(size), size, compile)
        return updating(self.case(size), compile)


AXES: dict[str, Axis] = {
    "lanes": Axis(kind="lanes", sizes=(1, 2, 4, 8, 16, 32, 64), says="lanes, 128 rows each"),
    "rows": Axis(kind="rows", sizes=(8, 32, 128, 512, 2048, 4096), says="rows a lane, 8 lanes"),
    "capacity": Axis(
        kind="capacity",
        sizes=(10_000, 100_000, 1_000_000),
        says="capacity, 8 lanes of 128 rows, draw and update",
    ),
    "width": Axis(
        kind="width", sizes=(64, 128, 256, 512), says="units of both layers, 8 lanes of 128 rows"
    ),
}


def grown(axis: Axis, rounds: int, seconds: float, compile: bool) -> list[dict[str, Any]]:
    """Times every size in turns, each beside the products of its update."""
    calls = {("update", size): axis.call(size, compile) for size in axis.sizes}
    floors = {("floor", size): multiplying(axis.case(size)) for size in axis.sizes}
    told = in_turns(calls | floors, rounds, seconds)
    found: list[dict[str, Any]] = []
    for size in axis.sizes:
        update, floor = told["update", size], told["floor", size]
        us = statistics.median(update)
        power = power_since(found[-1], size, us) if found else None
        over = statistics.median(a / b for a, b in zip(update, floor, strict=True))
        found.append({"size": size, "us": us, "over_floor": over, "power": power})
    return found


def power_since(before: dict[str, Any], size: int, us: float) -> float:
    """p, where the time has grown as sizeᵖ since the size before."""
    return math.log(us / before["us"]) / math.log(size / before["size"])


def told_table(axis: Axis, found: Sequence[dict[str, Any]]) -> str:
    """One table, for one axis."""
    rows = [
        [
            f"{own['size']:,}",
            f"{own['us']:.0f}",
            f"{own['over_floor']:.2f}",
            "" if own["power"] is None else f"{own['power']:.2f}",
        ]
        for own in found
    ]
    return table([axis.says, "µs", "over the products", "grows as size to the power"], rows)
