"""What programs learn: training returns at the end of the run, every seed shown."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks import ours
from benchmarks.tables import table
from benchmarks.training_compared.program import Program
from rlbatch.compare.inference import estimate, generator

EPISODES = 100  # the last of each seed

NOTES = f"""
A seed's score is the mean return of its last {EPISODES} training episodes, exploration included.
rlbatch's are read from its log points, one every {ours.WINDOW} env steps: exact for episodes of
  more steps than that; shorter ones are known by the mean of those that ended together.
Gymnasium's peers: an environment wrapper adds rewards up. PureJaxRL: its own metrics.
The interval is a 95 % percentile bootstrap of the mean over seeds; `in ...`: is the program's mean
  inside the interval of that way to run rlbatch? SB3's loss is Huber's, PureJaxRL takes the time
  limit for a terminal state; all else is the same."""


class Learned(NamedTuple):
    """Of one program."""

    scores: list[float]  # one a seed, the worst first
    mean: float
    low: float | None  # of its interval; None: one seed has none
    high: float | None

    def holds(self, mean: float) -> bool | None:
        """Does the interval contain it?"""
        if self.low is None or self.high is None:
            return None
        return self.low <= mean <= self.high


def measured(programs: Mapping[str, Program], steps: int, seeds: range) -> dict[str, Learned]:
    """Trains every program on the same number of seeds."""
    told = {}
    for name, program in programs.items():
        told[name] = learned(name, program.returns(steps, seeds))
        print(f"{name}: {told[name].mean:.1f} over {len(seeds)} seeds", file=sys.stderr)
    return told


def learned(name: str, returns: Sequence[Sequence[float]]) -> Learned:
    """What training returns, one list a seed, come to.

    Raises:
        SystemExit: a seed without an episode.
    """
    if not all(returns):
        raise SystemExit(f"{name}: expected an episode of each seed, got a seed without any.")
    scores = sorted(float(np.mean(own[-EPISODES:])) for own in returns)
    found = estimate((np.array(scores),), generator("training", name), np.mean)
    return Learned(scores, found.value, found.low, found.high)


def tables(told: Mapping[str, Learned]) -> str:
    """Means with intervals, then every seed, the worst first."""
    mine = [name for name in ours.PROGRAMS if name in told]
    header = ["program", "seeds", "mean return", "95 % interval", *(f"in {own}'s" for own in mine)]
    rows = [row(name, own, [told[other] for other in mine]) for name, own in told.items()]
    every = [[name, " ".join(f"{score:.1f}" for score in own.scores)] for name, own in told.items()]
    parts = table(header, rows), table(["program", "every seed, the worst first"], every)
    return "\n\n".join([*parts, NOTES.strip()])


def row(name: str, own: Learned, mine: Sequence[Learned]) -> list[str]:
    """A line of the first table."""
    spread = "" if own.low is None else f"[{own.low:.1f}, {own.high:.1f}]"
    words = {True: "yes", False: "NO", None: ""}
    inside = [words[other.holds(own.mean)] for other in mine]
    return [name, str(len(own.scores)), f"{own.mean:.1f}", spread, *inside]


def as_json(told: Mapping[str, Learned]) -> dict[str, Any]:
    """Every seed's score and what they come to."""
    mine = {name: told[name] for name in ours.PROGRAMS if name in told}
    return {
        name: {
            **own._asdict(),
            "inside": {other: found.holds(own.mean) for other, found in mine.items()},
        }
        for name, own in told.items()
    }
