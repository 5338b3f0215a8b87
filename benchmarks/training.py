"""Measures training speed on CartPole, rlbatch against its peers, and prints ratios.

    python benchmarks/training.py [--steps 40000] [--rounds 5] [--cleanrl PATH] [--json FILE]

Speed is env steps a second, updates included, summed over the seeds that train at once. All
programs train the same DQN by CleanRL's preset (workers/training_preset.py): the same network,
optimiser, batch size, replay ratio, target period and exploration. What makes the figures fair:
  - each program runs alone, one after another, held to one thread of one process;
  - every seed takes the same number of env steps, of which the same share (10,000) passes before
    learning starts; more lanes mean more seeds, never shorter runs;
  - the clock covers the loop, from the first env step to the last: no imports, no construction;
    rlbatch's compilation, where it happens in the loop, counts. It is cached on disk, so it is
    long in the first round and short in the others, and the median stands for the others;
  - no one evaluates, logs or saves on the way; rlbatch must do each once, at the end of the run;
    SB3's Monitor and Tianshou's search for NaNs are switched off;
  - rounds take turns and round r uses seed r everywhere: a machine that slows down, and seeds
    whose episodes are short, hit everyone. A ratio is taken within a round; the table has medians.
The peers train one seed, which is what they can do; rlbatch is measured with 16 lanes and with 1.

The CleanRL on PyPI is an old release: clone vwxyzjn/cleanrl and pass
`--cleanrl cleanrl/cleanrl/dqn.py`. Without it, it is left out.
"""

import argparse
import functools
import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import ours
from benchmarks.processes import report
from benchmarks.tables import heading, machine, table
from benchmarks.venvs import peer_python
from benchmarks.workers.training_preset import LEARN_EVERY, LEARN_START

OURS = {"rlbatch-16": 16, "rlbatch-1": 1}  # name, lanes
PEERS: dict[str, tuple[str, ...]] = {
    "cleanrl": ("torch", "numpy", "tyro", "gymnasium==1.4.0"),
    "sb3": ("torch", "stable-baselines3==2.9.2"),
    "tianshou": ("torch", "tianshou==2.0.1"),
}

Program = Callable[[int, int], float]  # steps, seed -> env steps per second
Speeds = dict[str, list[float]]  # program -> env steps per second, one a round


def main() -> None:
    """Trains in turns, prints, and writes the raw figures where asked."""
    options = arguments()
    programs = {name: program(name, options.cleanrl) for name in participants(options)}
    speeds: Speeds = {name: [] for name in programs}
    for seed in range(1, options.rounds + 1):
        for name, train in programs.items():
            speeds[name].append(train(options.steps, seed))
            print(f"round {seed}: {name} {speeds[name][-1]:,.0f} steps/s", file=sys.stderr)
    facts = {**machine(), **{name: PEERS[name][-1] for name in programs if name in PEERS}}
    print(heading(f"CartPole, {options.steps:,} env steps a seed, one thread", facts))
    print(table(*rows(speeds)))
    if options.json:
        result = {"machine": facts, "steps": options.steps, "env_steps_per_s": speeds}
        Path(options.json).write_text(json.dumps(result, indent=1))


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    everyone = [*OURS, *PEERS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=40_000, help="env steps of each seed")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; figures are medians")
    parser.add_argument("--only", nargs="+", default=everyone, choices=everyone)
    parser.add_argument("--cleanrl", type=Path, help="CleanRL's dqn.py in a checkout of its own")
    parser.add_argument("--json", help="file for the raw figures")
    options = parser.parse_args()
    if options.steps <= LEARN_START or options.steps % LEARN_EVERY:
        parser.error(f"--steps: expected a multiple of {LEARN_EVERY} above {LEARN_START}.")
    return options


def participants(options: argparse.Namespace) -> list[str]:
    """Returns who takes part, without CleanRL where there is no script of it."""
    names: list[str] = options.only
    if "cleanrl" not in names or options.cleanrl is not None:
        return names
    print("cleanrl: left out. Pass --cleanrl PATH/TO/dqn.py to include it.", file=sys.stderr)
    return [name for name in names if name != "cleanrl"]


def program(name: str, script: Path | None) -> Program:
    """Returns a program that trains once, with its environment ready."""
    if name in OURS:
        return functools.partial(ours.env_steps_per_s, OURS[name])
    python = peer_python(name, PEERS[name])
    file = ["--file", str(script.resolve())] if name == "cleanrl" and script else []

    def train(steps: int, seed: int) -> float:
        flags = ["--steps", str(steps), "--seed", str(seed), *file]
        answer = report(python, f"benchmarks.workers.training_{name}", *flags)
        return float(answer["env_steps_per_s"])

    return train


def rows(speeds: Speeds) -> tuple[list[str], list[list[str]]]:
    """Returns each program's speed and how many times as fast rlbatch is."""
    present = [name for name in OURS if name in speeds]
    body = []
    for name, speed in speeds.items():
        spread = f"{min(speed):,.0f} to {max(speed):,.0f}"
        ratios = [f"{ratio(speeds[mine], speed):.2f}" for mine in present]
        body.append([name, f"{statistics.median(speed):,.0f}", spread, *ratios])
    header = ["program", "env steps / s", "range", *(f"{name} / it" for name in present)]
    return header, body


def ratio(mine: list[float], other: list[float]) -> float:
    """Returns the median over rounds of one program's speed over another's."""
    return statistics.median(a / b for a, b in zip(mine, other, strict=True))


if __name__ == "__main__":
    main()
