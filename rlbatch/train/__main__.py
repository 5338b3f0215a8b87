"""python -m rlbatch.train CONFIG [key=value ...]"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from rlbatch.config import Experiment, Requirements, build, read
from rlbatch.contract import Sink
from rlbatch.errors import RlbatchError
from rlbatch.metrics import CsvSink, TensorBoardSink, WandbSink
from rlbatch.metrics.wandb import require_extra
from rlbatch.train.folder import claim, describe
from rlbatch.train.heap import keep_freed_memory
from rlbatch.train.probe import read_probe
from rlbatch.train.progress import reporter_for
from rlbatch.train.run import run
from rlbatch.train.summary import seed_table
from rlbatch.train.trainer import Trainer


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains what a config says; the exit status tells how it went (0, 1, 2 or 130)."""
    keep_freed_memory()
    try:
        return _train(_parser().parse_intermixed_args(arguments))
    except KeyboardInterrupt:
        return 130


def _train(told: argparse.Namespace) -> int:
    console = Console(highlight=False, markup=False, emoji=False)
    try:
        experiment = _experiment(told.config, told.override, told.debug)
        if told.print_config:
            console.print(experiment.text(), soft_wrap=True, end="")
            return 0
        trainer, folder = _prepare(experiment, told.overwrite, told.debug, console)
    except RlbatchError as refused:
        return _tell(refused, 2)
    try:
        summary = _run(experiment, trainer, folder, told.debug, console)
    except RlbatchError as failed:
        return _tell(failed, 1)
    return _finish(experiment, summary, folder, console)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rlbatch train", description="Train one regime over many seeds side by side."
    )
    parser.add_argument("config", type=Path, help="a YAML file, such as configs/cartpole.yaml")
    parser.add_argument("override", nargs="*", help="dotted.key=value, such as learner.lr=1e-3")
    parser.add_argument("--print-config", action="store_true", help="show the resolved plan, stop")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in run_dir")
    parser.add_argument(
        "--debug", action="store_true", help="one plain eager lane; breakpoints work"
    )
    return parser


def _experiment(config: Path, overrides: Sequence[str], debug: bool) -> Experiment:
    tree = read(config, [*overrides, *(["seeds=1"] if debug else [])])
    if debug and tree.table is not None:
        tree.table.pop("lanes", None)  # one lane
    return build(tree, config.stem)


def _prepare(
    experiment: Experiment, overwrite: bool, debug: bool, console: Console
) -> tuple[Trainer, Path]:
    """Everything that may be refused comes before the folder, so that none is left half-made."""
    if experiment.run.wandb is not None:
        require_extra()
    train = experiment.train
    console.print(
        f"rlbatch: {experiment.name}, seeds {train.seed}..{train.seed + train.seeds - 1}, "
        f"{train.env_steps:,} env steps each, on {experiment.device}"
    )
    for note in experiment.notes:
        console.print(note)
    torch.set_num_threads(experiment.threads)
    torch.autograd.set_detect_anomaly(debug)
    trainer = Trainer(
        train,
        experiment.agent,
        experiment.make_env,
        per_lane=experiment.per_lane,
        device=experiment.device,
        probe=read_probe(experiment.run.probe),
        eager=debug,
        compile=experiment.compile and not debug,
    )
    if trainer.device.type == "cuda" and trainer.apart:
        console.print(f"env steps and updates are not one program: {trainer.apart}")
    elif trainer.device.type == "cuda" and not experiment.compile:
        console.print("env steps and updates are launched call by call; compile: on makes graphs")
    folder = claim(experiment.run.run_dir, experiment.name, overwrite)
    describe(folder, experiment.text(), experiment.resolved["env"], experiment.threads)
    console.print(f"run folder: {folder}", soft_wrap=True)
    return trainer, folder


def _run(
    experiment: Experiment, trainer: Trainer, folder: Path, debug: bool, console: Console
) -> dict[str, Any]:
    with (
        ctrl_c_stops(trainer),
        reporter_for(console, experiment.train.env_steps, plain=debug) as reporter,
    ):
        return run(trainer, folder, experiment.name, sinks_of(experiment, folder), reporter)


def sinks_of(experiment: Experiment, folder: Path) -> list[Sink]:
    """What a run's records go to."""
    settings = experiment.run
    seeds = experiment.train.lane_seeds
    arms = [arm.name for arm in experiment.train.lane_arms]
    sinks: list[Sink] = [
        CsvSink(folder),
        TensorBoardSink(folder / "tb", seeds, experiment.text(), settings.tb.per_seed_max, arms),
    ]
    if settings.wandb is not None:
        own = settings.wandb
        sinks.append(WandbSink(folder, own.project, experiment.resolved, own.mode, seeds, arms))
    return sinks


@contextmanager
def ctrl_c_stops(trainer: Trainer) -> Iterator[None]:
    """The first Ctrl-C ends the run cleanly; the second one ends it at once."""

    def stop(signum: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        trainer.stop()

    old = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, old)


def _finish(experiment: Experiment, summary: dict[str, Any], folder: Path, console: Console) -> int:
    """Prints every seed, the worst first, and says how it went."""
    told = summary["eval"]
    if told["per_seed"]:
        means = {_label(row): row["return"] for row in told["per_seed"]}
        title = f"greedy evaluation at {told['env_step']:,} env steps"
        console.print(seed_table(title, told["episodes"], means))
        console.print(f"IQM {told['return_iqm']:.1f}, mean {told['return_mean']:.1f}")
    for arm in told.get("arms", []):
        console.print(f"{arm['arm']}: IQM {arm['return_iqm']:.1f}, mean {arm['return_mean']:.1f}")
    for seed in summary["diverged"]:
        console.print(f"seed {seed} diverged: its gradient was not finite")
    for lane in summary["stopped_early"]:
        console.print(f"seed {lane['seed']} stopped early, at {lane['env_step']:,} env steps")
    console.print(
        f"{summary['status']}: {summary['updates']:,} updates and {summary['samples']:,} rows "
        f"a lane, {summary['env_steps_per_s']:,.0f} env steps/s over all lanes, "
        f"{summary['wall_s']:.0f} s. {folder / 'summary.json'}",
        soft_wrap=True,
    )
    if summary["status"] == "interrupted":
        return 130
    return _unmet(experiment.run.require, told, console)


def _label(row: dict[str, Any]) -> str:
    return " ".join([str(row["seed"]), *([f"({row['arm']})"] if "arm" in row else [])])


def _unmet(required: Requirements, told: dict[str, Any], console: Console) -> int:
    """1 where the final evaluation misses what `require:` asks for, else 0."""
    worst = min(row["return"] for row in told["per_seed"])
    status = 0
    for name, reached in (("worst_seed", worst), ("return_iqm", told["return_iqm"])):
        wanted = getattr(required, name)
        if wanted is not None and reached < wanted:
            console.print(f"require.{name}: expected at least {wanted:g}, got {reached:.1f}.")
            status = 1
    return status


def _tell(error: RlbatchError, status: int) -> int:
    print(f"rlbatch: error: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
