"""python -m rlbatch.probe CONFIG [key=value ...]"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console

from rlbatch.config import Experiment, build, read
from rlbatch.errors import RlbatchError
from rlbatch.probe.board import Board
from rlbatch.probe.findings import Findings
from rlbatch.probe.folder import claimed, save
from rlbatch.probe.probe import probe
from rlbatch.probe.report import table
from rlbatch.probe.settings import ProbeSettings
from rlbatch.probe.state import Frozen
from rlbatch.probe.warm import warmed
from rlbatch.probe.words import lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Finds a batch size for a config; the exit status tells how it went (0, 2 or 130)."""
    try:
        return _probe(_parser().parse_intermixed_args(arguments))
    except RlbatchError as refused:
        print(f"rlbatch: error: {refused}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _probe(told: argparse.Namespace) -> int:
    console = Console(highlight=False, markup=False, emoji=False)
    settings = ProbeSettings(
        **{
            name: getattr(told, name)
            for name in ("seconds", "env_steps", "largest", "updates", "rows")
            if getattr(told, name) is not None
        }
    )
    experiment = build(read(told.config, told.override), told.config.stem)
    torch.set_num_threads(experiment.threads)
    findings, folder = _measured(experiment, settings, console)
    _tell(findings, folder, console)
    return 0


def _measured(
    experiment: Experiment, settings: ProbeSettings, console: Console
) -> tuple[Findings, Path]:
    """All that may be refused comes before the folder, so that none is left half-made."""
    began = time.perf_counter()

    def say(text: str) -> None:
        console.print(f"{time.perf_counter() - began:5.0f} s  {text}", soft_wrap=True)

    train = experiment.train
    say(
        f"{experiment.name}: seeds {train.seed}..{train.seed + train.seeds - 1} on "
        f"{experiment.device}, trained for a while first"
    )
    frozen = Frozen(warmed(experiment, settings), settings.evaluation_rows)
    with claimed(experiment.name) as folder:
        say(f"probe folder: {folder}")
        with Board(folder / "tb") as board:
            findings = probe(experiment, frozen, settings, board, say, began)
        save(folder, experiment.text(), findings)
    return findings, folder


def _tell(findings: Findings, folder: Path, console: Console) -> None:
    console.print(table(findings))
    for line in lines(findings):
        console.print(line, soft_wrap=True)
    found = findings.recommendation
    console.print(f"recommended: B = {found.rows}: {found.why}", soft_wrap=True)
    console.print(found.block(), end="")
    console.print(f"{findings.wall_s:.0f} s. {folder / 'batch.yaml'}", soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rlbatch probe", description="Find a batch size: memory, speed, lr, critical batch."
    )
    parser.add_argument("config", type=Path, help="a YAML file, such as configs/cartpole.yaml")
    parser.add_argument("override", nargs="*", help="dotted.key=value, such as seeds=1")
    parser.add_argument("--seconds", type=float, help="wall time that the steps share, 150")
    parser.add_argument(
        "--env-steps", type=int, help="a lane, trained first; left out, 5 %% of the run"
    )
    parser.add_argument("--largest", type=int, help="rows of the largest size timed, 8192")
    parser.add_argument("--updates", type=int, help="timed at each size at the most, 200")
    parser.add_argument("--rows", type=int, help="drawn by each branch at the most, 32768")
    return parser


if __name__ == "__main__":
    sys.exit(main())
