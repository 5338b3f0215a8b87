"""The gradient noise scale of the frozen state, read by the learner's own meter.

McCandlish et al. 2018 (https://arxiv.org/abs/1812.06162): B_simple = tr Σ / |G|².
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from rlbatch.contract import Agent
from rlbatch.learner import Learner, NoiseScale
from rlbatch.probe.state import Floats, Frozen
from rlbatch.seeding import Purpose, uniform

UPDATES = 64  # at the reference size, at most
LEAST = 4  # however little time there is
RESAMPLES = 1000


class Noise(NamedTuple):
    """B_simple of all lanes; the bounds are those of a 95 % interval. inf: not bounded."""

    scale: float  # rows
    low: float
    high: float
    updates: int  # measured
    lanes: list[dict[str, float]]  # what the meter says of each


def noise(frozen: Frozen, agent: Agent, seconds: float) -> Noise:
    """Measures while nothing moves: updates at the reference size with a learning rate of 0."""
    deadline = time.perf_counter() + seconds
    twin, told = _with_meter(frozen, agent), 0
    frozen.restore()
    while told < LEAST or (told < UPDATES and time.perf_counter() < deadline):
        twin.update(frozen.draw(frozen.reference), lr=0.0, active=frozen.active)
        told += 1
    frozen.restore()
    assert twin.noise is not None
    lanes = [dict(own) for own, on in zip(twin.noise.read(), frozen.active, strict=True) if on]
    return Noise(*pooled(lanes), told, lanes)


def pooled(lanes: Sequence[Mapping[str, float]]) -> tuple[float, float, float]:
    """Scale and bounds over lanes, a ratio of averages and no average of ratios.

    The bounds are percentiles over resamples of lanes; of a single lane the meter's own.
    """
    sums = np.array([(own["grad_trace"], own["grad_square"]) for own in lanes if own])
    if len(sums) == 0:
        return math.nan, 0.0, math.inf
    scale = float(_ratio(sums.mean(0)))
    if len(sums) == 1:
        (own,) = (own for own in lanes if own)
        return scale, own["noise_low"], own["noise_high"]
    count = len(sums)
    picks = uniform(0, Purpose.RESAMPLE, 0, RESAMPLES * count).reshape(RESAMPLES, count)
    resampled = _ratio(sums[(picks * count).astype(np.int64)].mean(1))
    low, high = np.quantile(resampled, (0.025, 0.975), method="inverted_cdf")
    return scale, float(low), float(high)


def _ratio(sums: Floats) -> Floats:
    """tr Σ / |G|² of `[..., 2]`; inf where the gradient cannot be told from its noise."""
    trace, square = np.maximum(sums[..., 0], 0.0), sums[..., 1]
    told: Floats = np.where(square > 0.0, trace / np.where(square > 0.0, square, 1.0), math.inf)
    return told


def _with_meter(frozen: Frozen, agent: Agent) -> Learner:
    """A second learner in the frozen state, whose meter begins here."""
    spaces = frozen.buffer.obs_space, frozen.buffer.action_space
    arms = frozen.train.lane_arms
    twin = Learner(
        agent,
        *spaces,
        seeds=frozen.learner.seeds.tolist(),
        settings=[
            dataclasses.replace(arm.learner, noise_scale=NoiseScale(every=1)) for arm in arms
        ],
        device=frozen.device,
    )
    own = {name: kept for name, kept in frozen.point.items() if not name.startswith("noise.")}
    twin.load_state_dict(own)
    return twin
