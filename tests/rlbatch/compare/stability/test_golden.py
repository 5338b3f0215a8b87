"""compat="google" gives what the published code gives, defects and all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbatch.compare import stability

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
EXPECTED: dict[str, Any] = GOLDEN["expected"]
SCORES, STEPS = np.array(GOLDEN["scores"]), np.array(GOLDEN["steps"])
EXACT = 1e-9  # relative; nothing is filtered
FILTERED = 1e-7  # at a cut-off of 0.1; the published filter loses the digits below
PERIOD = 20 * 500.0  # env steps: 0.1 of the Nyquist frequency, evaluated every 500


def test_the_curve_range_is_the_published_one() -> None:
    found = stability.curve_range(SCORES)
    np.testing.assert_allclose(found, EXPECTED["curve_range"], rtol=EXACT)
    assert found[-1] < 0 < found[0]


@pytest.mark.parametrize("case", EXPECTED["dispersion_across_time"])
def test_dispersion_across_time_is_the_published_one(case: dict[str, Any]) -> None:
    found = stability.dispersion_across_time(
        SCORES, STEPS, window=case["window"], points=case["points"], compat="google"
    )
    np.testing.assert_allclose(found, case["values"], rtol=EXACT)


@pytest.mark.parametrize("case", EXPECTED["short_term_risk"])
def test_short_term_risk_is_the_published_one(case: dict[str, Any]) -> None:
    found = stability.short_term_risk(SCORES, STEPS, alpha=case["alpha"], compat="google")
    np.testing.assert_allclose(found, case["values"], rtol=EXACT)


@pytest.mark.parametrize("case", EXPECTED["long_term_risk"])
def test_long_term_risk_is_the_published_one(case: dict[str, Any]) -> None:
    found = stability.long_term_risk(SCORES, STEPS, alpha=case["alpha"], compat="google")
    np.testing.assert_allclose(found, case["values"], rtol=EXACT)


@pytest.mark.parametrize(
    ("name", "period", "tolerance"),
    [("unfiltered", None, EXACT), ("cutoff 0.1", PERIOD, FILTERED)],
)
def test_dispersion_and_risk_across_runs_are_the_published_ones(
    name: str, period: float | None, tolerance: float
) -> None:
    for case in EXPECTED["across_runs"][name]:
        scores, points = SCORES[: case["runs"]], case["points"]
        spread = stability.dispersion_across_runs(
            scores, STEPS, period=period, points=points, compat="google"
        )
        risks = [
            stability.risk_across_runs(
                scores, STEPS, period=period, points=points, alpha=alpha, compat="google"
            )
            for alpha in (0.05, 0.5)
        ]
        expected = [case["dispersion"], case["risk"], case["risk_half"]]
        np.testing.assert_allclose([spread, *risks], expected, rtol=tolerance)


def test_the_filter_is_the_published_one() -> None:
    case = EXPECTED["lowpass"]
    found = stability.lowpass(SCORES, STEPS, PERIOD, compat="google")
    np.testing.assert_allclose(found[:, case["columns"]], case["values"], rtol=FILTERED)


def test_rollouts_are_judged_as_published() -> None:
    rollouts = np.array(GOLDEN["rollouts"])
    spread = stability.dispersion_across_rollouts(rollouts, compat="google")
    np.testing.assert_allclose(spread, EXPECTED["dispersion_across_rollouts"], rtol=EXACT)
    for case in EXPECTED["risk_across_rollouts"]:
        risk = stability.risk_across_rollouts(rollouts, alpha=case["alpha"], compat="google")
        np.testing.assert_allclose(risk, case["values"], rtol=EXACT)


def test_uneven_evaluations_are_judged_as_published() -> None:
    case = EXPECTED["uneven"]
    curves = np.array(case["scores"]), np.array(case["steps"])
    spread = stability.dispersion_across_time(*curves, window=case["window"], compat="google")
    np.testing.assert_allclose(spread, case["dispersion_across_time"], rtol=EXACT)
    for name in ("short_term_risk", "long_term_risk"):
        found = getattr(stability, name)(*curves, compat="google")
        np.testing.assert_allclose(found, case[name], rtol=EXACT)


def test_the_published_long_term_risk_does_not_see_the_collapse_that_ours_does() -> None:
    collapses = SCORES[GOLDEN["names"].index("collapses")]
    assert stability.long_term_risk(collapses, STEPS, compat="google") == 0.0
    assert stability.long_term_risk(collapses, STEPS, scale=500.0) > 0.9
