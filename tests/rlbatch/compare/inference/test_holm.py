"""Holm's adjustment and the least number of seeds, by pencil."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.inference import holm, least_seeds
from rlbatch.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 · .01, 2 · .03, then never less
        ([0.04, 0.01, 0.03], [0.06, 0.03, 0.06]),  # in any order
        ([0.4, 0.6, 0.5], [1.0, 1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([None, 0.01, None, 0.04], [None, 0.02, None, 0.04]),  # no test, not counted
        ([None], [None]),
    ],
)
def test_the_smallest_is_multiplied_by_all_and_the_next_by_one_fewer(
    raw: list[float | None], adjusted: list[float | None]
) -> None:
    assert holm(raw) == pytest.approx(adjusted)


@given(st.lists(st.floats(0, 1) | st.none(), max_size=12))
def test_an_adjusted_p_is_never_less_than_the_raw_and_keeps_the_order(
    raw: list[float | None],
) -> None:
    pairs = [(a, b) for a, b in zip(raw, holm(raw), strict=True) if a is not None and b is not None]
    assert all(a <= b <= min(1.0, a * len(pairs)) or a == b for a, b in pairs)
    by_raw = [b for _, b in sorted(pairs)]
    assert by_raw == sorted(by_raw)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.2))
def test_it_rejects_what_the_steps_reject(raw: list[float], alpha: float) -> None:
    """The procedure as Holm wrote it: step up from the smallest until one is too large."""
    rejected = 0
    for left, value in zip(range(len(raw), 0, -1), sorted(raw), strict=True):
        if left * value > alpha:
            break
        rejected += 1
    assert sum(value <= alpha for value in holm(raw) if value is not None) == rejected


def test_a_p_is_a_share() -> None:
    for bad in (-0.1, 1.1, np.nan):
        with pytest.raises(DataError, match="p: expected values from 0 to 1"):
            holm([0.5, bad])


@pytest.mark.parametrize(
    ("tests", "alpha", "seeds"),
    [
        (1, 0.05, 6),  # 2 / 2⁵ = .0625, 2 / 2⁶ = .031
        (1, 0.5, 6),  # never less
        (2, 0.05, 7),
        (8, 0.0625, 8),  # 8 · 2 / 2⁸ = .0625 exactly
        (16, 0.05, 10),
    ],
)
def test_least_seeds_by_pencil(tests: int, alpha: float, seeds: int) -> None:
    assert least_seeds(tests, alpha) == seeds


@given(st.integers(1, 500), st.floats(0.001, 0.05))
def test_least_seeds_are_the_first_whose_smallest_p_survives(tests: int, alpha: float) -> None:
    seeds = least_seeds(tests, alpha)
    assert tests * 2 / 2**seeds <= alpha * (1 + 1e-12)
    assert tests * 2 / 2 ** (seeds - 1) > alpha * (1 - 1e-12)


def test_no_tests_and_no_level_are_refused() -> None:
    with pytest.raises(ConfigError, match="tests: expected at least 1, got 0"):
        least_seeds(0)
    with pytest.raises(ConfigError, match="alpha: expected a share between 0 and 1, got 5"):
        least_seeds(1, 5)
