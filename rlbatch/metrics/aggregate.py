"""From the records of one moment to one number a seed, and one over all seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rlbatch.metrics.statistics import Estimate, iqm_over_seeds
from rlbatch.types import Record


class Scalar(NamedTuple):
    """One number of one seed."""

    seed: int
    env_step: int
    name: str  # "train/loss", "eval/return", ...
    value: float


def per_seed(records: Sequence[Record]) -> list[Scalar]:
    """One scalar per seed and name; episodes of one evaluation become their mean."""
    gathered: dict[tuple[int, int, str], list[float]] = {}
    for record in records:
        for name, value in record.values.items():
            if not isinstance(value, str) and name != "episode":
                key = record.seed, record.env_step, f"{record.kind}/{name}"
                gathered.setdefault(key, []).append(value)
    return [Scalar(*key, float(np.mean(values))) for key, values in gathered.items()]


def over_seeds(scalars: Sequence[Scalar]) -> Iterator[tuple[str, Estimate]]:
    """IQM and interval of every name, over the seeds that have it at this moment."""
    columns: dict[str, list[float]] = {}
    for scalar in scalars:
        columns.setdefault(scalar.name, []).append(scalar.value)
    for count in sorted({len(column) for column in columns.values()}):
        names = [name for name, column in columns.items() if len(column) == count]
        table = np.array([columns[name] for name in names])
        value, low, high = iqm_over_seeds(table)
        for i, name in enumerate(names):
            bounds = (None, None) if low is None or high is None else (low[i], high[i])
            yield name, Estimate(value[i], *bounds)
