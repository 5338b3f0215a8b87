"""python -m rlbatch.compare CONFIG [key=value ...] | --analyse DIR ... | plot RUN ..."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from rlbatch.compare import manifest
from rlbatch.compare.analysis.analyse import analyse
from rlbatch.compare.cell.__main__ import cell
from rlbatch.compare.plot import AXES, plot
from rlbatch.compare.publish import publish
from rlbatch.compare.runs.gather import Gathered, gather_runs, gather_study
from rlbatch.compare.study.launch import Outcome
from rlbatch.compare.study.study import Study
from rlbatch.config import read_comparison
from rlbatch.errors import RlbatchError, require


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares regimes; the exit status tells how it went (0, 1, 2 or 130)."""
    told = list(sys.argv[1:] if arguments is None else arguments)
    commands = {"cell": cell, "plot": _plot}
    command = commands.get(told[0], _compare) if told else _compare
    try:
        return command(told[1:] if command is not _compare else told)
    except RlbatchError as refused:
        print(f"rlbatch: error: {refused}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _compare(arguments: Sequence[str]) -> int:
    told = _parser().parse_intermixed_args(arguments)
    console = Console(highlight=False, markup=False, emoji=False)
    require(told.jobs is None or told.jobs >= 1, "--jobs", "at least 1 process", told.jobs)
    if told.analyse:
        places = [told.config, *told.override] if told.config else told.override
        return _analyse([Path(place) for place in places], told, console)
    require(told.config is not None, "rlbatch compare", "a config file", "none")
    planned = read_comparison(Path(told.config), told.override)
    comparison = planned.comparison
    folder = Path(comparison.run_dir or Path("runs") / f"compare-{comparison.name}")
    plan = manifest.plan_of(comparison, planned.declared())
    manifest.claim(folder, plan, told.overwrite)
    console.print(
        f"rlbatch: {comparison.name}, {len(comparison.regimes)} regimes x {comparison.seeds} seeds "
        f"x {len(comparison.envs)} environments, plan {manifest.plan_hash(plan)[:12]}\n"
        f"comparison folder: {folder}",
        soft_wrap=True,
    )
    most = min(4, os.cpu_count() or 1, len(comparison.envs) if told.pack else 4)
    jobs = told.jobs or max(len(told.devices), most)
    outcomes, stopped = Study(planned, folder).train(console, jobs, told.devices, told.pack)
    if stopped:
        console.print("interrupted: the same command goes on with what is missing")
        return 130
    trained = [o for o in outcomes if o.cell.kind in ("regime", "tuned") and o.status != "failed"]
    if trained:
        _report(gather_study(folder), folder, console)
    return _tell_failed(outcomes, console)


def _analyse(places: Sequence[Path], told: argparse.Namespace, console: Console) -> int:
    require(bool(places), "--analyse", "at least one folder", "none")
    planned = len(places) == 1 and (places[0] / "runs").is_dir()
    met = not planned or told.baseline is None
    require(met, "--baseline", "none for a planned comparison", told.baseline, "Its plan says it.")
    gathered = gather_study(places[0]) if planned else gather_runs(places, told.baseline)
    out = told.out or (places[0] if planned else Path("runs") / "analysis")
    _report(gathered, out, console)
    return 0


def _report(gathered: Gathered, folder: Path, console: Console) -> None:
    publish(analyse(gathered), folder, console)


def _tell_failed(outcomes: Sequence[Outcome], console: Console) -> int:
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    for outcome in failed:
        console.print(f"failed: {outcome.cell.place}: {outcome.reason}", soft_wrap=True)
    return 1 if failed else 0


def _plot(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="rlbatch compare plot", description="Evaluation curves of run folders."
    )
    parser.add_argument("runs", type=Path, nargs="+", help="run folders, or folders of them")
    parser.add_argument("--x", choices=AXES, default="env_steps", help="the axis")
    parser.add_argument("--out", type=Path, default=Path("curves.pdf"), help=".pdf, .png or .svg")
    told = parser.parse_args(arguments)
    plot(told.runs, told.x, told.out)
    print(told.out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rlbatch compare", description="Train regimes over paired seeds and report on them."
    )
    parser.add_argument("config", nargs="?", help="such as configs/compare/quick.yaml")
    parser.add_argument("override", nargs="*", help="dotted.key=value, such as seeds=12")
    parser.add_argument(
        "--jobs", type=int, help="processes at a time; left out, one per core, at most 4"
    )
    parser.add_argument(
        "--pack",
        action="store_true",
        help="regimes that can share a learner train in one process, as lanes of one program",
    )
    parser.add_argument("--devices", nargs="*", default=[], help="such as cuda:0 cuda:1")
    parser.add_argument("--overwrite", action="store_true", help="train everything anew")
    parser.add_argument(
        "--analyse", action="store_true", help="the arguments are folders of finished runs"
    )
    parser.add_argument("--baseline", help="of the regimes that are analysed")
    parser.add_argument("--out", type=Path, help="folder for the report of --analyse")
    return parser


if __name__ == "__main__":
    sys.exit(main())
