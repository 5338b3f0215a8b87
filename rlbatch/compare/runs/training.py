"""Inner signs that a run logged while it trained, as one number a lane."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

SIGNS = ("churn", "td_recent_gap", "val_td", "grad_norm")
Means = dict[str, tuple[float | None, ...]]  # [L] by sign


def training_signs(metrics: Path, lanes: Sequence[int]) -> Means:
    """The mean over log points of each sign in metrics.csv; None where a lane never logged it."""
    found: dict[str, dict[int, list[float]]] = {sign: {} for sign in SIGNS}
    if metrics.is_file():
        with metrics.open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                for sign in SIGNS:
                    value = _number(line.get(sign))
                    if value is not None:
                        found[sign].setdefault(int(line["lane"]), []).append(value)
    return {sign: tuple(_mean(own.get(lane)) for lane in lanes) for sign, own in found.items()}


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _mean(values: list[float] | None) -> float | None:
    return math.fsum(values) / len(values) if values else None
