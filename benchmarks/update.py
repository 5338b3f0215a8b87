"""Times one learner update against its own matrix products, and how its cost grows.

    python benchmarks/update.py [ladder lanes rows capacity width] [--compile] [--json FILE]

    ladder      8, 16, ... 4096 rows a lane in 1, 8 and 16 lanes; rows/s from rung to rung
    lanes ...   the cost along one axis, all else at 8 lanes of 128 rows and a network of 120-84

An update is forward, loss, backward, Adam, the target's check and the meters, by
rlbatch.learner.Learner with DQN's squared loss on CartPole's shapes; its batch lies ready, but
along `capacity`, where it is drawn. Its floor is the same products as `torch.bmm` in the same
process (update_cost/floor.py). Sizes take turns in every round, updates beside their floors, and
the table has medians over rounds, ratios taken within a round. One thread on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from benchmarks.processes import hold_to_core
from benchmarks.tables import heading, machine
from benchmarks.update_cost import growth, ladder
from rlbatch.train.heap import keep_freed_memory

LANES = (1, 8, 16)
ROWS = tuple(2**k for k in range(3, 13))
TABLES = ("ladder", *growth.AXES)


def main() -> None:
    """Prints table after table."""
    options = arguments()
    torch.set_num_threads(1)
    keep_freed_memory()  # as training does
    facts = {**machine(), "core": hold_to_core(options.core), "compile": str(options.compile)}
    told: dict[str, Any] = {"machine": facts, "tables": {}}
    print(heading("One update, CartPole, DQN with squared loss, one thread", facts))
    for name in options.tables or TABLES:
        told["tables"][name] = ladders(options) if name == "ladder" else axis(name, options)
    if options.json:
        Path(options.json).write_text(json.dumps(told, indent=1))


def ladders(options: argparse.Namespace) -> list[dict[str, Any]]:
    """One table for each number of lanes."""
    told = []
    sizes = [size for size in ROWS if size <= options.largest]
    for lanes in LANES:
        times = ladder.ladder(lanes, sizes, options.rounds, options.seconds, options.compile)
        found = ladder.rungs(lanes, sizes, times)
        print(f"{lanes} lane{'s' * (lanes > 1)}\n\n{ladder.told_table(found)}\n", flush=True)
        told += found
    return told


def axis(name: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """The table of one axis."""
    own = growth.AXES[name]
    found = growth.grown(own, options.rounds, options.seconds, options.compile)
    print(f"{growth.told_table(own, found)}\n", flush=True)
    return found


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--rounds", type=int, default=5, help="figures are medians")
    parser.add_argument("--seconds", type=float, default=0.2, help="of a size in a round")
    parser.add_argument("--largest", type=int, default=ROWS[-1], help="rows of the last rung")
    parser.add_argument("--compile", action="store_true", help="gradients as compiled programs")
    parser.add_argument("--core", type=int, help="to run on; the last by default")
    parser.add_argument("--json", help="file for the raw figures")
    options = parser.parse_args()
    if set(options.tables) - set(TABLES):
        parser.error(f"expected tables among {', '.join(TABLES)}.")
    return options


if __name__ == "__main__":
    main()
