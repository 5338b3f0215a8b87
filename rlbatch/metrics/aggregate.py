"""From the records of one moment to one number a lane, and one over the seeds of an arm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rlbatch.metrics.statistics import Estimate, iqm_over_seeds
from rlbatch.types import Record


class Scalar(NamedTuple):
    """One number of one lane."""

    lane: int
    env_step: int
    name: str  # "train/loss", "eval/return", ...
    value: float


def per_lane(records: Sequence[Record]) -> list[Scalar]:
    """One scalar per lane and name of train and eval records; episodes become their mean."""
    gathered: dict[tuple[int, int, str], list[float]] = {}
    for record in records:
        if record.kind not in ("train", "eval"):
            continue
        for name, value in record.values.items():
            if not isinstance(value, str) and name != "episode":
                key = record.lane, record.env_step, f"{record.kind}/{name}"
                gathered.setdefault(key, []).append(value)
    return [Scalar(*key, float(np.mean(values))) for key, values in gathered.items()]


def over_lanes(scalars: Sequence[Scalar]) -> Iterator[tuple[str, Estimate]]:
    """IQM and interval of every name, over the lanes that have it at this moment."""
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
