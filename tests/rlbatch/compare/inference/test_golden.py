"""Numbers of rliable 1.2.0 (Agarwal et al. 2021) on the scores stored beside them.

Values are deterministic. Bounds of a bootstrap carry Monte Carlo error: a 2.5 % percentile of R
resamples has standard error √(.025 · .975 / R) / φ(1.96) = 2.67 / √R standard deviations of the
bootstrap distribution, and the interval is about 3.9 of those wide. Averaged over 16 generators
of 2000 resamples, and against 20 000 stored ones, four standard errors of the difference are
4 · 2.67 · √(1/32 000 + 1/20 000) / 3.9 = 2.5 % of the interval's width.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rlbatch.compare.inference import (
    Interval,
    estimate,
    generator,
    performance_profile,
    probability_of_improvement,
)

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden.json").read_text())
SCORES = {arm: [np.array(row) for row in GOLDEN[arm]] for arm in ("treatment", "control")}
NUM_RUNS = sum(map(len, SCORES["treatment"]))


def averaged(make: Callable[[np.random.Generator], Interval[Any]]) -> npt.NDArray[np.float64]:
    """Value, low and high, averaged over 16 generators."""
    found = [np.array(make(generator("golden", i)), np.float64) for i in range(16)]
    return np.asarray(np.mean(found, axis=0))


@pytest.mark.parametrize("arm", ["treatment", "control"])
def test_the_iqm_and_its_interval(arm: str) -> None:
    golden = GOLDEN["iqm"][arm]
    value, low, high = averaged(lambda rng: estimate(SCORES[arm], rng))
    slack = 0.025 * (golden["high"] - golden["low"])
    assert value == pytest.approx(golden["value"], abs=1e-12)
    assert low == pytest.approx(golden["low"], abs=slack)
    assert high == pytest.approx(golden["high"], abs=slack)


def test_the_probability_of_improvement_and_its_interval() -> None:
    golden = GOLDEN["improvement"]
    arms = SCORES["treatment"], SCORES["control"]
    value, low, high = averaged(lambda rng: probability_of_improvement(*arms, rng))
    slack = 0.025 * (golden["high"] - golden["low"])
    assert value == pytest.approx(golden["value"], abs=1e-12)
    assert low == pytest.approx(golden["low"], abs=slack)
    assert high == pytest.approx(golden["high"], abs=slack)


def test_the_performance_profile_and_its_band() -> None:
    """Shares are whole runs; a bound whose chance is near 2.5 % may fall on the run beside it."""
    golden = GOLDEN["profile"]
    tau = np.array(golden["tau"])
    value, low, high = averaged(lambda rng: performance_profile(SCORES["treatment"], tau, rng))
    assert value == pytest.approx(golden["value"], abs=1e-12)
    assert low == pytest.approx(golden["low"], abs=1 / NUM_RUNS)
    assert high == pytest.approx(golden["high"], abs=1 / NUM_RUNS)
    same = np.isclose([low, high], [golden["low"], golden["high"]])
    assert same.mean() >= 0.8


def test_one_interval_alone_is_within_its_own_error() -> None:
    """2000 resamples: 4 · 2.67 / √2000 / 3.9 = 6.1 % of the width."""
    golden = GOLDEN["iqm"]["treatment"]
    _, low, high = estimate(SCORES["treatment"], generator("golden"))
    slack = 0.061 * (golden["high"] - golden["low"])
    assert (low, high) == pytest.approx((golden["low"], golden["high"]), abs=slack)
