"""The ratio of averages and its interval."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from rlbatch.learner.noise.interval import said as said_of

Floats = npt.NDArray[np.float64]


def say(trace: Floats, square: Floats) -> dict[str, float]:
    """Of measurements `[n]` that weigh 1 each, tr Σ as drawn twice tr Σ."""
    x = np.stack((np.ones_like(trace), trace, square, 2.0 * trace))
    return said_of(x @ x.T, len(trace), len(trace))


def test_nothing_is_told_before_the_second_measurement() -> None:
    assert say(np.array([2.0]), np.array([1.0])) == {}
    assert say(np.array([2.0, 2.0]), np.array([1.0, 1.0])) != {}


def test_two_measurements_by_hand() -> None:
    # s = 2, 4 with mean 3; q = 2, 2: log R varies as s / 3 does, standard error 1 / 3
    said = say(np.array([2.0, 4.0]), np.array([2.0, 2.0]))
    reach = math.exp(12.706204736 / 3.0)  # Student's t of one degree of freedom
    assert said["noise_scale"] == pytest.approx(1.5)
    assert said["noise_low"] == pytest.approx(1.5 / reach)
    assert said["noise_high"] == pytest.approx(1.5 * reach)
    assert (said["grad_trace"], said["grad_square"]) == pytest.approx((3.0, 2.0))
    assert said["noise_effective"] == pytest.approx(0.5)


def test_what_moves_together_widens_nothing() -> None:
    trace = np.array([2.0, 4.0, 3.0, 3.5])
    together, apart = say(trace, trace / 2.0), say(trace, trace[::-1] / 2.0)
    assert together["noise_high"] == pytest.approx(2.0) == together["noise_low"]
    assert apart["noise_high"] > 2.5


def test_a_square_that_may_be_0_bounds_nothing_from_above() -> None:
    said = say(np.full(4, 8.0), np.array([3.0, -1.0, 2.0, -1.5]))
    assert said["noise_scale"] == pytest.approx(8.0 / 0.625)
    assert 0.0 < said["noise_low"] < said["noise_scale"] < said["noise_high"] == math.inf


@pytest.mark.parametrize("square", [0.0, -1.0])
def test_a_square_of_0_or_less_is_a_scale_without_end(square: float) -> None:
    said = say(np.array([8.0, 8.5]), np.full(2, square))
    assert (said["noise_scale"], said["noise_low"], said["noise_high"]) == (math.inf, 0, math.inf)
    assert said["grad_square"] == square


def test_no_gradient_at_all_is_no_nan() -> None:
    said = say(np.zeros(3), np.zeros(3))
    assert not any(math.isnan(value) for value in said.values())


def test_a_ratio_of_means_finds_what_a_mean_of_ratios_misses() -> None:
    # B = 128, true scale 2048: |Ĝ|² spreads by 0.0008 around 1/2048, tr Σ by a fiftieth
    draw = np.random.default_rng(0)
    square = 1.0 / 2048.0 + 0.0008 * draw.normal(size=20_000)
    trace = 1.0 + 0.02 * draw.normal(size=20_000)
    assert (square < 0.0).mean() == pytest.approx(0.27, abs=0.02)
    assert say(trace, square)["noise_scale"] == pytest.approx(2048.0, rel=0.03)
    assert abs(np.median(trace / square) - 2048.0) > 500.0


@pytest.mark.parametrize("scale", [20.0, 100.0])
def test_the_interval_covers_at_its_level(scale: float) -> None:
    draw, covered = np.random.default_rng(1), []
    for _ in range(400):
        noise = draw.gamma(2.0, 0.5, size=(40, 1)) * draw.normal(size=(40, 5)) ** 2
        square = 1.0 / scale + (noise.mean(1) - 1.0) / 30.0
        said = say(0.8 + 0.2 * noise.mean(1), square)
        covered.append(said["noise_low"] <= scale <= said["noise_high"])
    assert 0.90 <= np.mean(covered) <= 0.99
