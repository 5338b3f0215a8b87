from __future__ import annotations

from typing import Any

from rlbatch.compare.report.palette import BASELINE, looks


def test_ten_regimes_have_ten_colours_and_the_baseline_is_black(ten: dict[str, Any]) -> None:
    look = looks(ten)
    assert len({each.color for each in look.values()}) == 10
    assert look["fixed-32"] == (BASELINE, "-")


def test_a_regime_keeps_its_colour_when_the_baseline_moves_in_the_file(
    two: dict[str, Any],
) -> None:
    before = looks(two)
    two["regimes"] = dict(reversed(two["regimes"].items()))
    assert looks(two) == before


def test_no_two_of_thirty_regimes_look_the_same(two: dict[str, Any]) -> None:
    two["regimes"] |= {f"regime-{i}": {} for i in range(28)}
    assert len(set(looks(two).values())) == 30
