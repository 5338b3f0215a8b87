"""One process of a grid: trains a run, or several as one, then reads the signs of each."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console

from rlbatch.compare import inner
from rlbatch.config import Experiment, build, read
from rlbatch.errors import RlbatchError
from rlbatch.train.__main__ import ctrl_c_stops, sinks_of
from rlbatch.train.__main__ import main as train
from rlbatch.train.folder import claim, describe
from rlbatch.train.heap import keep_freed_memory
from rlbatch.train.member import Member
from rlbatch.train.pack import Pack
from rlbatch.train.probe import read_probe
from rlbatch.train.progress import reporter_for
from rlbatch.train.run import run_all
from rlbatch.train.trainer import Trainer


def cell(arguments: Sequence[str] | None = None) -> int:
    """Trains, then reads the inner signs of the parameters; the exit status tells how it went."""
    keep_freed_memory()
    try:
        return _cell(_parser().parse_intermixed_args(arguments))
    except RlbatchError as refused:
        print(f"rlbatch: error: {refused}", file=sys.stderr)
        return 2


def _cell(told: argparse.Namespace) -> int:
    if told.beside:
        every = [_built(config, told.override) for config in (told.config, *told.beside)]
        status = _train_together(every, Console(highlight=False, markup=False, emoji=False))
    else:
        status = train([str(told.config), *told.override, "--overwrite"])
        every = [_built(told.config, told.override)] if status == 0 else []
    if status != 130:
        for built in every:
            _look(built, told)
    return status


def _train_together(every: Sequence[Experiment], console: Console) -> int:
    """Each in its own folder, with what it would have had there alone."""
    trainer = _trainer(every)
    members = [_member(trainer, run, every) for run in range(len(every))]
    budget = every[0].train.env_steps
    try:
        with ctrl_c_stops(trainer), reporter_for(console, budget) as reporter:
            summaries = run_all(trainer, members, reporter)
    except RlbatchError as failed:
        print(f"rlbatch: error: {failed}", file=sys.stderr)
        return 1
    for summary in summaries:
        console.print(f"{summary['regime']}: {summary['status']}", soft_wrap=True)
    ends = {summary["status"] for summary in summaries}
    return 130 if "interrupted" in ends else int("failed" in ends)


def _trainer(every: Sequence[Experiment]) -> Trainer:
    first = every[0]
    torch.set_num_threads(first.threads)
    return Trainer(
        Pack(tuple(one.train for one in every)),
        first.agent,
        first.make_env,
        per_lane=first.per_lane,
        device=first.device,
        probe=read_probe(first.run.probe),
        compile=first.compile,
    )


def _member(trainer: Trainer, run: int, every: Sequence[Experiment]) -> Member:
    own, names = every[run], [one.name for one in every]
    folder = claim(own.run.run_dir, own.name, overwrite=True)
    describe(folder, own.text(), own.resolved["env"], own.threads, names)
    return Member(trainer, run, folder, own.name, sinks_of(own, folder))


def _built(config: Path, overrides: Sequence[str]) -> Experiment:
    return build(read(config, overrides), config.stem)


def _look(built: Experiment, told: argparse.Namespace) -> None:
    run = Path(str(built.run.run_dir))
    if json.loads((run / "summary.json").read_text(encoding="utf-8"))["status"] != "finished":
        return
    torch.set_num_threads(built.threads)
    if told.collect is not None:
        inner.save_probe(told.collect, inner.collect(built, run, told.states))
    if told.probe is not None:
        pairs = (text.partition("=") for text in told.variant)
        variants = {name: build(read(Path(path)), name).make_env for name, _, path in pairs}
        states = inner.load_probe(told.probe)
        inner.write_diagnostics(run, inner.diagnose(run, built, states, variants, told.episodes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rlbatch compare cell")
    parser.add_argument("config", type=Path)
    parser.add_argument("override", nargs="*")
    parser.add_argument("--beside", type=Path, action="append", default=[], help="one more config")
    parser.add_argument("--collect", type=Path, help="write probe states of this run here")
    parser.add_argument("--states", type=int, default=300)
    parser.add_argument("--probe", type=Path, help="probe states to read signs on")
    parser.add_argument("--variant", action="append", default=[], help="name=config")
    parser.add_argument("--episodes", type=int, default=10)
    return parser


if __name__ == "__main__":
    sys.exit(cell())
