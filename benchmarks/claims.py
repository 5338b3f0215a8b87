"""Tests on DQN what the literature and the textbooks say about batch size: a line a claim.

    python benchmarks/claims.py [NAME ...] [--lanes 8] [--steps 15000] [--effort 1.0]
    python benchmarks/claims.py --rules         where each comes from, and when it holds

Every claim has one file in claims_tested/, which says what is measured and what would make the
claim hold; the rules were written before the numbers. What is measured on a training state is
measured on one and the same: the first 15,000 env steps of configs/compare/base.yaml on seeds from
30,000 up, frozen; learners are restored before each arm, arms are paired lane by lane, and the 95 %
intervals are percentile bootstraps over lanes (over rounds where time is measured). One thread.
docs/claims.md has the results. `--effort 0.05 --lanes 2 --steps 2000` shows only that it all works.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from benchmarks.claims_tested import (
    compared,
    cuts,
    gradients,
    jump,
    learning_rate,
    noise,
    reuse,
    smoothness,
    speed,
)
from benchmarks.claims_tested.claim import Claim
from benchmarks.claims_tested.warm import Setting
from benchmarks.tables import heading, machine, table

CLAIMS: dict[str, Claim] = {
    "noisier": gradients.NOISIER,
    "faster": speed.FASTER,
    "smoother": smoothness.SMOOTHER,
    "generalise": compared.GENERALISE,
    "lr-sgd": learning_rate.LINEAR,
    "lr-adam": learning_rate.ROOT,
    "warmup": jump.NEEDS_WARMUP,
    "batch-norm": cuts.BATCH_NORM,
    "powers": speed.POWERS,
    "accumulation": cuts.ACCUMULATION,
    "noisy-rewards": noise.NOISY_REWARDS,
    "decorrelates": gradients.DECORRELATES,
    "small-helps": compared.SMALL_HELPS,
    "growing": compared.GROWING,
    "adaptive": compared.ADAPTIVE,
    "noise-grows": noise.GROWS,
    "reuse": reuse.REUSE,
}


def main() -> None:
    """Measures claim after claim and prints them as one table."""
    given = arguments()
    names = given.claims or list(CLAIMS)
    if given.rules:
        print(rules(names))
        return
    torch.set_num_threads(1)
    setting = Setting(lanes=given.lanes, env_steps=given.steps, effort=given.effort)
    rows = []
    for name in names:
        claim, began = CLAIMS[name], time.perf_counter()
        rows.append(claim.measure(setting).row(name, claim.says))
        took = time.perf_counter() - began
        print(f"{name}, {took:.0f} s: {' | '.join(rows[-1][1:])}", file=sys.stderr)
    title = f"CartPole, {setting.lanes} lanes, {setting.env_steps:,} env steps"
    print(heading(title, machine()))
    print(table(["claim", "measured", "number, 95 % interval", "verdict"], rows))


def rules(names: Sequence[str]) -> str:
    """A table of what was written down before anything was measured."""
    told = [(name, CLAIMS[name]) for name in names]
    rows = [[f"{own.says} (`{name}`)", own.source, own.holds_where] for name, own in told]
    return table(["claim", "source", "holds where"], rows)


def arguments() -> argparse.Namespace:
    """Reads the command line."""
    full = Setting()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("claims", nargs="*", metavar="NAME", help=", ".join(CLAIMS))
    parser.add_argument("--lanes", type=int, default=full.lanes, help="seeds, from 30,000 up")
    parser.add_argument("--steps", type=int, default=full.env_steps, help="of the warm state")
    parser.add_argument("--effort", type=float, default=full.effort, help="share of a full run")
    parser.add_argument("--rules", action="store_true", help="measure nothing, tell the rules")
    options = parser.parse_args()
    unknown = set(options.claims) - set(CLAIMS)
    if unknown:
        parser.error(f"expected claims among {', '.join(CLAIMS)}, got {', '.join(unknown)}.")
    return options


if __name__ == "__main__":
    main()
