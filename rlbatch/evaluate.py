"""python -m rlbatch.evaluate RUN: greedy episodes of a run's parameters, seed by seed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.console import Console

from rlbatch.config import Experiment, build, read
from rlbatch.errors import FileError, RlbatchError, require
from rlbatch.learner import Learner
from rlbatch.metrics import iqm
from rlbatch.train import Evaluator
from rlbatch.train.checkpoint import load
from rlbatch.train.summary import seed_table


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluates a checkpoint of every lane; exit status 0, or 2 for a bad run or argument."""
    told = _parser().parse_args(arguments)
    console = Console(highlight=False, markup=False, emoji=False)
    try:
        require(told.episodes >= 1, "--episodes", "at least 1", told.episodes)
        experiment = _experiment(told.run, told.device)
        means = evaluate(experiment, told.run, told.checkpoint, told.episodes)
    except RlbatchError as refused:
        print(f"rlbatch: error: {refused}", file=sys.stderr)
        return 2
    console.print(seed_table(f"{told.run}, {told.checkpoint} parameters", told.episodes, means))
    scores = list(means.values())
    console.print(f"IQM {float(iqm(scores)):.1f}, mean {sum(scores) / len(scores):.1f}")
    return 0


def evaluate(experiment: Experiment, run: Path, checkpoint: str, episodes: int) -> dict[str, float]:
    """Mean greedy return of each lane's parameters by its seed, from the common start states.

    Args:
        experiment: what the run's config.yaml says.
        run: the run folder.
        checkpoint: final, best or step_<n>.
        episodes: a lane.
    """
    train, device = experiment.train, experiment.device
    seeds = train.lane_seeds
    longest = train.evaluate.max_length
    evaluator = Evaluator(experiment.make_env, len(seeds), episodes, longest, device)
    learner = Learner(experiment.agent, *evaluator.spaces, seeds=seeds, device=device)
    load(run, checkpoint, learner.online)
    torch.set_num_threads(experiment.threads)
    means = evaluator.play(learner.values).returns.mean(1)
    names = [
        f"{seed} ({arm.name})" if arm.name else str(seed)
        for seed, arm in zip(seeds, train.lane_arms, strict=True)
    ]
    return dict(zip(names, means.tolist(), strict=True))


def _experiment(run: Path, device: str) -> Experiment:
    config = run / "config.yaml"
    if not config.is_file():
        raise FileError(str(run), "a run folder (with config.yaml)", "none")
    return build(read(config, [f"device={device}"]), run.name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rlbatch evaluate", description="Greedy episodes of a run's parameters."
    )
    parser.add_argument("run", type=Path, help="a run folder, such as runs/latest")
    parser.add_argument("--checkpoint", default="final", help="final, best or step_<n>")
    parser.add_argument("--episodes", type=int, default=20, help="a seed")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:<n>")
    return parser


if __name__ == "__main__":
    sys.exit(main())
