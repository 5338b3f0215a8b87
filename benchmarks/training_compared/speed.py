"""Training speed: rounds in which programs take turns, and their tables."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks import ours
from benchmarks.tables import table
from benchmarks.training_compared import peers
from benchmarks.training_compared.aims import Compared, compared
from benchmarks.training_compared.program import Program, Speed

Speeds = dict[str, list[Speed]]  # by program, one a round

NOTES = """
env steps/s: all seeds of a program together; a seed's steps in all of its environments count.
rlbatch: `env_steps_per_s` of summary.json, which is every lane's env steps over the time from the
  first reset to the summary, without the final evaluation; updates, the one log point, checkpoints
  of the end and compilation, where there is any, count. `tensor`: CartPole as tensors, else
  Gymnasium's.
CleanRL, SB3, Tianshou: from the first env step to the last, one seed, Gymnasium's CartPole.
PureJaxRL, `seeds` or `seeds x environments a seed`: the second run of the compiled program;
  compilation is told apart.
A ratio is a median of ratios within rounds."""


def measured(programs: Mapping[str, Program], steps: int, rounds: int) -> Speeds:
    """Trains in turns; round r uses seeds from r up everywhere."""
    speeds: Speeds = {name: [] for name in programs}
    for seed in range(1, rounds + 1):
        for name, program in programs.items():
            own = program.speed(steps, seed)
            speeds[name].append(own)
            compiled = "" if own.compile_s is None else f", compiled in {own.compile_s:.0f} s"
            told = f"round {seed}: {name} {own.env_steps_per_s:,.0f} env steps/s{compiled}"
            print(told, file=sys.stderr)
    return speeds


def tables(speeds: Speeds) -> str:
    """Every program's speed, rlbatch over its peers beside what is aimed for, and notes."""
    rows = [speed_row(name, own) for name, own in speeds.items()]
    told = [table(["program", "env steps/s", "range", "compiled in, s"], rows)]
    ratios = comparisons(speeds)
    if any(ratios.values()):
        header = ["rlbatch / peer", *next(iter(ratios.values()))]
        body = [[name, *(cell.told() for cell in own.values())] for name, own in ratios.items()]
        told.append(table(header, body))
    return "\n\n".join([*told, NOTES.strip()])


def speed_row(name: str, speeds: list[Speed]) -> list[str]:
    """A program's median and range."""
    rates = [own.env_steps_per_s for own in speeds]
    seconds = [own.compile_s for own in speeds if own.compile_s is not None]
    spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
    compiled = f"{statistics.median(seconds):.0f}" if seconds else ""
    return [name, f"{statistics.median(rates):,.0f}", spread, compiled]


def comparisons(speeds: Speeds) -> dict[str, dict[str, Compared]]:
    """Each way to run rlbatch, over each peer."""
    rates = {name: [own.env_steps_per_s for own in speed] for name, speed in speeds.items()}
    return {
        mine: {
            other: compared(rates[mine], rates[other], own.lanes, other, seeds(other))
            for other in rates
            if other in peers.PROGRAMS
        }
        for mine, own in ours.PROGRAMS.items()
        if mine in rates
    }


def seeds(peer: str) -> int | None:
    """That a peer vmaps over with one environment each, which is what rlbatch does."""
    program = peers.PROGRAMS[peer]
    return program.vmapped if program.envs == 1 else None


def as_json(speeds: Speeds) -> dict[str, Any]:
    """The raw figures, and what they come to."""
    return {
        "env_steps_per_s": {n: [s.env_steps_per_s for s in own] for n, own in speeds.items()},
        "compile_s": {n: [s.compile_s for s in own] for n, own in speeds.items()},
        "ratios": {
            mine: {
                other: {"ratio": cell.ratio, "aim": cell.aim, "met": cell.met}
                for other, cell in own.items()
            }
            for mine, own in comparisons(speeds).items()
        },
    }
