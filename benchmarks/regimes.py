"""Measures what a moving B costs, what one that looks at the learner costs, and the noise meter.

    python benchmarks/regimes.py [--pairs 24] [--steps 12000] [--only abs noise meter ...]

    moving                    B from 32 to 512 with ε against one B all along: as many updates, and
                              as many rows drawn
    abs, noise, dispersion    a controlled run against the replay of its own decisions: the same
                              rows drawn, the same updates, but nobody looks and nobody decides
    meter                     a run of 128 rows with the noise-scale meter against one without

Runs of a pair follow one another, and which comes first alternates; the clock covers the loop, with
one thread, without evaluation and logging. The interval is a percentile bootstrap over pairs of
the mean ratio; the aim is an upper bound of at most 1.05, for the meter 1.10. With `--compile`
updates are compiled programs; making one for every size that a run meets counts.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from benchmarks.tables import heading, machine, table
from rlbatch.config import build, read
from rlbatch.metrics import CsvSink
from rlbatch.train import Trainer
from rlbatch.train.heap import keep_freed_memory

ROOT = Path(__file__).resolve().parents[1]
QUIET = ("evaluate.every=1.0", "evaluate.episodes=1", "evaluate.final_episodes=1", "log_every=1.0")
METER = ("learner.noise_scale={at_sync: average}",)
FIXED = ("batch.schedule={kind: fixed, rows: 128}",)
MOVING = ("batch.schedule={kind: epsilon, explore: 32, exploit: 512}",)
CONTROLLED = {"abs": "abs", "noise": "noise_scale", "dispersion": "dispersion"}

Run = Callable[[], float]  # trains once; seconds


def main() -> None:
    """Takes pairs in turns and prints each subject's ratio with its interval."""
    options = arguments()
    torch.set_num_threads(1)
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            measured(name, *pair(name, options, Path(folder)), options.pairs)
            for name in options.only
        ]
    title = f"CartPole, {options.lanes} lanes, {options.steps:,} env steps, {options.pairs} pairs"
    print(heading(title, machine()))
    print(table(["time with / without", "mean", "95 % interval", "median", "s without"], rows))


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    subjects = ["moving", *CONTROLLED, "meter"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--steps", type=int, default=12_000, help="env steps of each lane")
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--compile", action="store_true", help="compile: on")
    parser.add_argument("--only", nargs="+", default=subjects, choices=subjects)
    return parser.parse_args()


def pair(name: str, options: argparse.Namespace, folder: Path) -> tuple[Run, Run]:
    """The run that costs more, and the one it is held against."""
    compiling = f"compile={'on' if options.compile else 'off'}"
    common = (f"env_steps={options.steps}", f"seeds={options.lanes}", compiling, *QUIET)
    if name == "meter":
        return (
            lambda: trained("abs", *common, *FIXED, *METER)[0],
            lambda: trained("abs", *common, *FIXED)[0],
        )
    if name == "moving":
        mean = mean_rows(trained("abs", *common, *MOVING)[1])
        one = f"batch={{schedule: {{kind: fixed, rows: {mean}}}, ladder: {{kind: exact}}}}"
        return (
            lambda: trained("abs", *common, *MOVING)[0],
            lambda: trained("abs", *common, one)[0],
        )
    log = folder / name
    log.mkdir()
    trained(CONTROLLED[name], *common, log=log)
    replay = f"batch.schedule={{kind: replayed, log: {log}/decisions.csv, shift: 0}}"
    return (
        lambda: trained(CONTROLLED[name], *common)[0],
        lambda: trained(CONTROLLED[name], *common, replay)[0],
    )


def mean_rows(trainer: Trainer) -> int:
    """Rows an update of a run."""
    return int(trainer.lanes.samples[0] / trainer.learner.updates[0] + 0.5)


def trained(config: str, *overrides: str, log: Path | None = None) -> tuple[float, Trainer]:
    """Trains a regime; the seconds of its loop, and the trainer. Writes files where asked."""
    path = ROOT / "configs/regimes" / f"{config}.yaml"
    found = build(read(path, ["device=cpu", *overrides]), config)
    trainer = Trainer(
        found.train, found.agent, found.make_env, per_lane=found.per_lane, compile=found.compile
    )
    sink = None if log is None else CsvSink(log)
    began = time.perf_counter()
    for moment in trainer.records():
        if sink is not None:
            sink.write(moment)
    took = time.perf_counter() - began - trainer.evaluation_s
    if sink is not None:
        sink.close()
    return took, trainer


def measured(name: str, costly: Run, plain: Run, pairs: int) -> list[str]:
    """A line of the table."""
    costly(), plain()  # what is compiled once does not count
    took = []
    for n in range(pairs):
        order = (costly, plain) if n % 2 else (plain, costly)
        times = {run: run() for run in order}
        took.append((times[costly], times[plain]))
        print(f"{name} {n + 1}: {times[costly] / times[plain]:.3f}", file=sys.stderr)
    ratios = np.array([mine / other for mine, other in took])
    low, high = interval(ratios)
    plain_s = statistics.median(other for _, other in took)
    told = f"{ratios.mean():.3f}", f"[{low:.3f}, {high:.3f}]", f"{np.median(ratios):.3f}"
    return [name, *told, f"{plain_s:.2f}"]


def interval(ratios: np.ndarray) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean."""
    rng = np.random.default_rng(0)
    means = rng.choice(ratios, (10_000, len(ratios))).mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


if __name__ == "__main__":
    main()
