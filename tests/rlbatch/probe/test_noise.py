"""The noise scale over lanes, and the meter on a state that does not move."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from agents.dqn import DQN
from rlbatch.learner import LearnerSettings, NoiseScale
from rlbatch.probe.noise import LEAST, noise, pooled
from rlbatch.probe.state import Frozen


def lane(trace: float, square: float) -> dict[str, float]:
    return {"grad_trace": trace, "grad_square": square, "noise_low": 1.0, "noise_high": 2.0}


def test_lanes_are_pooled_as_a_ratio_of_averages() -> None:
    scale, low, high = pooled([lane(30.0, 1.0), lane(10.0, 3.0)])
    assert scale == 10.0  # and not the mean of 30 and 10/3
    assert low == 10.0 / 3.0
    assert high == 30.0


def test_one_lane_keeps_the_meters_own_bounds() -> None:
    assert pooled([{}, lane(30.0, 2.0)]) == (15.0, 1.0, 2.0)


def test_a_gradient_lost_in_its_noise_bounds_nothing() -> None:
    scale, _, high = pooled([lane(30.0, -1.0), lane(10.0, 0.5)])
    assert scale == high == math.inf


def test_without_a_reading_there_is_no_scale() -> None:
    assert math.isnan(pooled([{}, {}])[0])


def test_measuring_moves_nothing_and_repeats(make_frozen: Callable[..., Frozen]) -> None:
    frozen = make_frozen()
    before = {name: value.clone() for name, value in frozen.learner.state_dict().items()}
    first, again = (noise(frozen, DQN(hidden=(8,)), 0.0) for _ in range(2))
    after = frozen.learner.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert first == again
    assert first.updates == LEAST
    assert first.scale > 0.0


def test_a_config_that_measures_itself_changes_nothing(make_frozen: Callable[..., Frozen]) -> None:
    plain = noise(make_frozen(), DQN(hidden=(8,)), 0.0)
    metered = make_frozen(learner=LearnerSettings(noise_scale=NoiseScale(horizon=7)))
    assert noise(metered, DQN(hidden=(8,)), 0.0).lanes == plain.lanes
