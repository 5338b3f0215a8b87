"""Compares training with the peers on CartPole: speed, or with `--learning` what is learned.

    python benchmarks/training.py --cleanrl PATH --purejaxrl PATH [--rounds 5] [--json FILE]
    python benchmarks/training.py --cleanrl PATH --purejaxrl PATH --learning [--seeds 16]

All programs train the same DQN by CleanRL's preset (workers/training_preset.py): the same network,
optimiser, batch size, replay ratio, target period and exploration. Speed is env steps a second,
updates included, summed over the seeds that train at once; the table says what is aimed for. What
makes the figures fair:
  - each program runs alone, one after another, in one process on one core, which holds all of its
    threads; numeric libraries are told to use one;
  - every seed takes the same number of env steps, of which the same share (10,000) passes before
    learning starts; more lanes mean more seeds, never shorter runs;
  - the clock covers the loop, from the first env step to the last: no imports, no construction;
    rlbatch's compilation, where it happens in the loop, counts. It is cached on disk, so it is
    long in the first round and short in the others, and the median stands for the others;
  - no one evaluates, logs or saves on the way; rlbatch must do each once, at the end of the run;
    SB3's Monitor and Tianshou's search for NaNs are switched off;
  - rounds take turns and round r uses seeds from r up everywhere: a machine that slows down, and
    seeds whose episodes are short, hit everyone. A ratio is taken within a round.
CleanRL, SB3 and Tianshou train one seed, which is what they can do; PureJaxRL is vmapped over
seeds. `--learning` trains every program on as many seeds and compares their last training episodes;
among them is `plain`, a loop of torch and NumPy alone that was written for this, and for nothing
else.

The CleanRL on PyPI is an old release, and PureJaxRL is not there: clone vwxyzjn/cleanrl and
luchris429/purejaxrl, and pass `--cleanrl cleanrl/cleanrl/dqn.py --purejaxrl
purejaxrl/purejaxrl/dqn.py`. Without a script its program is left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import ours
from benchmarks.processes import hold_to_core
from benchmarks.tables import heading, machine
from benchmarks.training_compared import learning, peers, speed
from benchmarks.training_compared.program import Program
from benchmarks.workers.training_preset import LEARN_EVERY, LEARN_START

EVERYONE = (*ours.PROGRAMS, *peers.PROGRAMS)
TIMED = tuple(name for name in EVERYONE if name != "plain")
LEARNERS = (  # a program that differs in nothing but its number of seeds would learn the same
    *("rlbatch-16", "rlbatch-16-tensor", "plain", "cleanrl", "sb3", "tianshou"),
    *("purejaxrl-16", "purejaxrl-16x10"),
)


def main() -> None:
    """Trains, prints, and writes the raw figures where asked."""
    options = arguments()
    programs = participants(options)
    versions = peers.built(programs)
    facts = {**machine(), "core": hold_to_core(options.core), **versions}
    title = f"CartPole, {options.steps:,} env steps a seed, one thread"
    result = {"machine": facts, "steps": options.steps}
    if options.learning:
        told = learning.measured(programs, options.steps, range(1, 1 + options.seeds))
        text, raw = learning.tables(told), {"learned": learning.as_json(told)}
    else:
        speeds = speed.measured(programs, options.steps, options.rounds)
        text, raw = speed.tables(speeds), speed.as_json(speeds)
    print(heading(title, facts))
    print(text)
    if options.json:
        Path(options.json).write_text(json.dumps(result | raw, indent=1))


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--learning", action="store_true", help="compare returns, not speed")
    parser.add_argument("--steps", type=int, help="of each seed: 40,000, or 100,000 for learning")
    parser.add_argument("--rounds", type=int, default=5, help="of speed; figures are medians")
    parser.add_argument("--seeds", type=int, default=16, help="of learning, from 1 up")
    parser.add_argument("--only", nargs="+", choices=EVERYONE, metavar="PROGRAM", help=names())
    parser.add_argument("--cleanrl", type=Path, help="CleanRL's dqn.py in a checkout of its own")
    parser.add_argument("--purejaxrl", type=Path, help="PureJaxRL's dqn.py")
    parser.add_argument("--core", type=int, help="that everything runs on; the last by default")
    parser.add_argument("--json", help="file for the raw figures")
    options = parser.parse_args()
    if options.steps is None:
        options.steps = 100_000 if options.learning else 40_000
    if options.steps <= LEARN_START or options.steps % LEARN_EVERY:
        parser.error(f"--steps: expected a multiple of {LEARN_EVERY} above {LEARN_START}.")
    return options


def names() -> str:
    """Who may take part, for the help text."""
    return ", ".join(EVERYONE)


def participants(options: argparse.Namespace) -> dict[str, Program]:
    """Who takes part by name, without those whose script is missing."""
    told: dict[str, Program] = {}
    for name in options.only or (LEARNERS if options.learning else TIMED):
        if name in ours.PROGRAMS:
            told[name] = ours.PROGRAMS[name]
            continue
        peer = peers.PROGRAMS[name]
        script: Path | None = getattr(options, peer.home, None)
        if peer.home in peers.SCRIPTS and script is None:
            wanted = f"--{peer.home} PATH/TO/{peers.SCRIPTS[peer.home]}"
            print(f"{name}: left out. Pass {wanted} to include it.", file=sys.stderr)
        else:
            told[name] = dataclasses.replace(peer, script=script and script.resolve())
    return told


if __name__ == "__main__":
    main()
