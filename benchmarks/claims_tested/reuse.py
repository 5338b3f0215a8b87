"""How often a stored transition is learned from, at a fixed replay ratio."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.claims_tested.claim import Claim, Outcome, judged
from benchmarks.claims_tested.verdict import Floats, Region, ratio
from benchmarks.claims_tested.warm import BASE, FIRST_SEED, QUIET, Setting
from rlbatch.config import build, read
from rlbatch.metrics import CsvSink
from rlbatch.train import Trainer

SMALL, LARGE = 32, 512  # rows
LANES, ENV_STEPS = 2, 2000


def measure(setting: Setting) -> Outcome:
    """Columns `reuse` and `epochs` of two runs that differ in B alone."""
    small, large = (last_line(rows) for rows in (SMALL, LARGE))
    rule = Region(low=0.99 * LARGE / SMALL, high=1.01 * LARGE / SMALL)
    return Outcome(
        [
            judged(
                f"{name}, {LARGE} / {SMALL}",
                ratio(large[name], small[name], name),
                rule,
                f"{small[name].mean():.3g} and {large[name].mean():.3g}",
            )
            for name in ("reuse", "epochs")
        ]
    )


def last_line(rows: int) -> dict[str, Floats]:
    """`reuse` and `epochs` `[L]` at the end of a short run, from its metrics.csv."""
    train = {"seed": FIRST_SEED, "seeds": LANES, "env_steps": ENV_STEPS, "log_every": 1.0}
    size = f"batch.schedule={{kind: fixed, rows: {rows}}}"
    overrides = [size, *(f"{key}={value}" for key, value in train.items())]
    found = build(read(BASE, ["device=cpu", *QUIET, *overrides]), "claims")
    trainer = Trainer(found.train, found.agent, found.make_env, per_lane=found.per_lane)
    with tempfile.TemporaryDirectory() as folder:
        sink = CsvSink(Path(folder))
        for moment in trainer.records():
            sink.write(moment)
        sink.close()
        with (Path(folder) / "metrics.csv").open(newline="") as file:
            lines = list(csv.DictReader(file))[-LANES:]
    return {name: np.array([float(own[name]) for own in lines]) for name in ("reuse", "epochs")}


REUSE = Claim(
    says="reuse per transition = replay ratio · B: a larger B at a fixed ratio reuses more",
    source="arithmetic; Fedus et al. 2020 on the replay ratio",
    holds_where="reuse and epochs at 512 over 32 rows lie within 1 % of 16",
    measure=measure,
)
