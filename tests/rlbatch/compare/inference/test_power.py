"""Seeds for a wanted power, against published numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.inference import seeds_needed
from rlbatch.errors import ConfigError


@pytest.mark.parametrize(
    ("effect", "seeds"), [(0.2, 199), (0.3, 90), (0.5, 34), (0.8, 15), (1.0, 10)]
)
def test_seeds_are_those_of_power_tables_for_the_paired_t_test(effect: float, seeds: int) -> None:
    """G*Power 3.1: matched pairs, two-sided, α = .05, power .8 (Faul et al. 2007)."""
    assert seeds_needed(effect) == seeds_needed(-effect) == seeds


def test_more_power_or_a_stricter_level_takes_more_seeds() -> None:
    assert seeds_needed(0.5, power=0.95) == 54
    assert seeds_needed(0.5, alpha=0.01) == 51


def test_fewer_than_the_test_can_use_are_never_named() -> None:
    assert seeds_needed(3.0) == seeds_needed(50.0) == seeds_needed(math.inf) == 6
    assert seeds_needed(50.0, alpha=0.05 / 16) == 10


def test_no_effect_is_never_found() -> None:
    assert seeds_needed(0.0) is seeds_needed(1e-12) is None


@given(st.floats(1e-6, 20), st.floats(1.01, 2))
def test_a_larger_effect_never_takes_more_seeds(effect: float, factor: float) -> None:
    less, more = seeds_needed(effect * factor), seeds_needed(effect)
    assert less is not None
    assert more is not None
    assert 6 <= less <= more


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"effect": math.nan}, "effect: expected a number, got nan"),
        ({"effect": 1.0, "alpha": 0.0}, "alpha: expected a share between 0 and 1, got 0"),
        ({"effect": 1.0, "power": 1.0}, "power: expected a share .*, got 1"),
        ({"effect": 1.0, "power": 0.01}, r"power: expected a share .*alpha \(0.05\).*, got 0.01"),
    ],
)
def test_a_level_or_power_that_cannot_be_meant_is_refused(
    settings: dict[str, float], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        seeds_needed(**settings)
