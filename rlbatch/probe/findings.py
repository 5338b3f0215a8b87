"""All that a probe found."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlbatch.probe.accumulation import Cut
from rlbatch.probe.branches import Branch
from rlbatch.probe.critical import Critical
from rlbatch.probe.memory import Memory
from rlbatch.probe.noise import Noise
from rlbatch.probe.rates import RangeTest
from rlbatch.probe.recommend import Recommendation
from rlbatch.probe.settings import ProbeSettings
from rlbatch.probe.throughput import Pace
from rlbatch.schedule.coupling import Coupling


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """The state that everything is measured on."""

    env_steps: int  # a lane
    planned: int  # env steps a lane, had there been time for them
    updates: int  # of the lane that made the most
    stored: int  # rows, of the lane that holds the fewest
    lanes: int
    idle: int  # lanes that had diverged; nothing is measured on them
    declared: Coupling  # in the config
    rule: Coupling  # by which lr follows B here
    rule_for: str  # the optimiser's kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """One field a step, in the order in which they are measured."""

    name: str  # of the config
    settings: ProbeSettings
    warm: Warm
    memory: Memory
    paces: list[Pace]
    knee: int  # rows
    noise: Noise
    rate_rows: int  # a lane, of each branch of the range tests
    rates: list[RangeTest]
    branch_rows: int  # a lane, of each branch
    branches: list[Branch]
    critical: Critical
    cut: Cut | None
    recommendation: Recommendation
    wall_s: float

    def to_json(self) -> dict[str, Any]:
        """Plain data; what is not finite is null."""
        told: dict[str, Any] = _plain(self)
        return told | {"progress": {b.size: _plain(b.progress) for b in self.branches}}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(own) for name, own in value._asdict().items()}
    if isinstance(value, dict):
        return {name: _plain(own) for name, own in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(own) for own in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
