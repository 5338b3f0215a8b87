from __future__ import annotations

from typing import Any

from rlbatch.compare.report.sections.inner import diagnostics, robustness


def test_experimental_signs_are_labelled_and_all_are_off_the_verdict(two: dict[str, Any]) -> None:
    sign = {"value": 3.25, "per_seed": [3.25], "experimental": True}
    two["regimes"]["doubling"]["diagnostics"] = {"srank": sign}
    text = diagnostics(two)
    assert "Diagnostics: off the verdict" in text
    assert 'srank<span class="badge">experimental</span>' in text
    assert text.count("experimental</span>") == 1
    assert "<td>–</td><td>3.25</td>" in text  # no churn was measured there


def test_robustness_has_a_column_a_variant(two: dict[str, Any]) -> None:
    entry = {"value": 100.0, "ci": [90.0, 110.0], "per_seed": []}
    two["regimes"]["doubling"]["robustness"] = {"mass x 2": entry}
    text = robustness(two)
    assert '<th scope="col">gravity x 1.5</th><th scope="col">mass x 2</th>' in text
    assert "<td>–</td><td>100.0<small>[90.0, 110.0]</small></td>" in text


def test_what_was_not_measured_is_said(two: dict[str, Any]) -> None:
    for regime in two["regimes"].values():
        regime |= {"diagnostics": None, "robustness": None}
    assert "Not measured" in diagnostics(two)
    assert "Not measured" in robustness(two)
