"""Measures replay buffers, rlbatch against its peers, and prints tables of ratios.

    python benchmarks/replay.py [uniform] [prioritised] [add] [frames] [disk]
        [--rows 1000000] [--repeats 21] [--only SUBJECT ...] [--contiguous] [--json FILE]

Without a name, all tables: each says in its own file (replay_tables/) what it measures and how.
What they share: every buffer is full of really written rows, for pages never touched flatter by
more than twice; each one lives in a process of its own with one thread; short timed loops take
turns (A, B, C, A, B, C, ...), so a machine that slows down slows them all; a figure is the median
over rounds, and ratios are taken within a run. A full run takes about twenty minutes and 8 GB of
memory; `--rows 10000 --repeats 3` takes a few minutes and shows only that all of it works.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.replay_tables import adding, disk, frames, prioritised, uniform
from benchmarks.replay_tables.section import Options, Section
from benchmarks.replay_tables.subjects import EVERYONE, PEERS
from benchmarks.tables import heading, machine

TABLES: dict[str, Callable[[Options], Section]] = {
    "uniform": uniform.measure,
    "prioritised": prioritised.measure,
    "add": adding.measure,
    "frames": frames.measure,
    "disk": disk.measure,
}
LEAST_ROWS = 1000  # a tenth of them must still be a buffer


def main() -> None:
    """Measures table after table; what is done is printed, and written, before the next begins."""
    given = arguments()
    options = Options(
        rows=given.rows, repeats=given.repeats, only=given.only, contiguous=given.contiguous
    )
    facts = machine() | {name: PEERS[name][-1] for name in options.among(*PEERS)}
    print(heading("Replay buffers, one thread", facts), flush=True)
    raw: dict[str, Any] = {"machine": facts, "rows": options.rows, "repeats": options.repeats}
    for name in given.tables or TABLES:
        section = TABLES[name](options)
        print(f"{section.text()}\n", flush=True)
        raw[name] = section.raw
        if given.json:
            Path(given.json).write_text(json.dumps(raw, indent=1))


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows in each buffer")
    parser.add_argument("--repeats", type=int, default=21, help="rounds; figures are medians")
    parser.add_argument("--only", nargs="+", default=EVERYONE, choices=EVERYONE)
    parser.add_argument("--contiguous", action="store_true", help="uniform: contiguous fields")
    parser.add_argument("--json", help="file for the raw figures")
    options = parser.parse_args()
    unknown = set(options.tables) - set(TABLES)
    if unknown:
        parser.error(f"expected tables among {', '.join(TABLES)}, got {', '.join(unknown)}.")
    if options.rows < LEAST_ROWS or options.repeats < 1:
        parser.error(f"expected at least {LEAST_ROWS} rows and 1 round.")
    return options


if __name__ == "__main__":
    main()
