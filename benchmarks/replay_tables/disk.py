"""A buffer on disk, four times as large as the memory that its process may use.

Rows of 3248 bytes, really written through `add` into files under `.bench/`, which are removed
after. Rows drawn at random then mostly lie on disk alone. What bounds the memory, and what the
kernel counted, is in the table; without a limit the page cache would simply hold it all.
"""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.memory_limit import Limit, memory_limit
from benchmarks.processes import Worker, WorkerEnded
from benchmarks.replay_tables.section import Options, Section, Table
from benchmarks.replay_tables.subjects import OURS, start
from benchmarks.replay_tables.turns import in_turns, loop, medians
from benchmarks.venvs import BENCH, make_home

LIMIT = 768 * 2**20  # bytes, interpreter and libraries included; a quarter of 1M rows
LOOPS = {32: 16, 256: 2}  # B: calls in a loop; each row may be a read from the disk
MB = 1e6
REMARK = (
    "VmHWM and RssFile count libraries too, of which the group is charged only what nobody else "
    "had loaded before."
)


def measure(options: Options) -> Section:
    """Fills a buffer under the limit and draws from it, or tells what ended it."""
    make_home()
    found: dict[str, Any] = {"limit_bytes": LIMIT, "rows": options.rows}
    with (
        tempfile.TemporaryDirectory(dir=BENCH) as folder,
        memory_limit(LIMIT) as limit,
        start(OURS, limit.under) as worker,
    ):
        try:
            found |= used(worker, options, folder)
            found["killed"] = "no"
        except WorkerEnded as end:
            if end.status >= 0:  # an error of its own, no signal
                raise
            found["killed"] = f"signal {-end.status}"
        found |= {"disk_bytes": disk_bytes(Path(folder)), **charged(limit)}
    title = f"{options.rows:,} rows on disk, in {LIMIT / MB:.0f} MB of memory"
    return Section(title, [facts(found)], [REMARK], found)


def used(worker: Worker, options: Options, folder: str) -> dict[str, Any]:
    """Fills, draws, and asks the system what the process occupied.

    Raises:
        WorkerEnded: the limit was too much for it.
    """
    fill = worker.ask(build="disk", rows=options.rows, folder=folder)
    asks = {(OURS, b): loop(worker, "sample", b, loops) for b, loops in LOOPS.items()}
    times = in_turns(asks, options.repeats)
    return {"fill": fill, "us": medians(times)[OURS], "rounds": times, **worker.ask(memory=1)}


def charged(limit: Limit) -> dict[str, Any]:
    """Returns what held the process, and the most bytes it was charged with."""
    return {"limited_by": limit.kind, "charged_bytes": limit.peak_bytes()}


def disk_bytes(folder: Path) -> int:
    """Returns bytes of all files of a folder, as allocated: holes count nothing."""
    return sum(512 * file.stat().st_blocks for file in folder.rglob("*") if file.is_file())


def facts(found: dict[str, Any]) -> Table:
    """Returns one line a fact."""
    sizes = {
        "limit": found["limit_bytes"],
        "on disk": found["disk_bytes"],
        "most charged, file pages included": found["charged_bytes"],
        "VmHWM": found.get("VmHWM"),
        "RssAnon at the end": found.get("RssAnon"),
        "RssFile at the end": found.get("RssFile"),
    }
    rows = [[f"{k}, MB", f"{v / MB:.0f}" if v is not None else "-"] for k, v in sizes.items()]
    rows.append(["on disk / limit", f"{found['disk_bytes'] / found['limit_bytes']:.2f}"])
    for batch, us in found.get("us", {}).items():
        rows.append([f"sample({batch}), µs", f"{us:.0f}"])
    if "fill" in found:
        rows.append(["fill, s", f"{found['fill']['seconds']:.1f}"])
    return [f"held by {found['limited_by']}", ""], [*rows, ["killed", found["killed"]]]
