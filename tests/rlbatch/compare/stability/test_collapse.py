"""Which runs count as collapsed, on scales of either sign."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.compare.stability import collapsed
from rlbatch.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([10, 500, 500, 20], True),
        ([10, 500, 20, 500], False),  # came back
        ([10, 500, 300, 260], False),  # lost less than half
        ([0, 500, 250], False),  # half is not below half
        ([10, 100, 300, 500], False),
        ([20, 20, 20, 20], False),
        ([-500, -80, -450, -480], True),
        ([-500, -450, -90, -80], False),
        ([-500, -80, -200, -250], False),  # far below −80 / 0.5, yet over halfway up
    ],
)
def test_a_run_has_collapsed_if_it_ends_below_half_the_way_to_its_best(
    scores: list[int], expected: bool
) -> None:
    assert collapsed(scores) == expected


def test_patience_asks_for_more_evaluations_below() -> None:
    scores = [[0, 500, 400, 100], [0, 500, 100, 100]]
    assert collapsed(scores).tolist() == [True, True]
    assert collapsed(scores, patience=2).tolist() == [False, True]
    assert collapsed(scores, patience=99).tolist() == [False, False]


def test_the_share_is_counted_from_a_given_low() -> None:
    scores = [300.0, 500.0, 390.0]  # halfway from its own lowest is 400, from 0 it is 250
    assert collapsed(scores)
    assert not collapsed(scores, low=0.0)
    assert collapsed(scores, low=0.0, share=0.8)


def test_a_run_that_never_rose_has_nothing_to_lose() -> None:
    noise = [-500.0, -498.0, -500.0]
    assert collapsed(noise)
    assert [bool(collapsed(noise, rise=rise)) for rise in (1.9, 2.0)] == [True, False]
    assert not collapsed(noise, low=-400.0)


@given(
    scores=st.lists(st.integers(-500, 500), min_size=2, max_size=20),
    shift=st.integers(-1000, 1000),
    patience=st.integers(1, 4),
)
def test_what_counts_is_the_tail_after_the_best_wherever_zero_is(
    scores: list[int], shift: int, patience: int
) -> None:
    best, low = max(scores), min(scores)
    after = scores[len(scores) - scores[::-1].index(best) :]
    tail = after[-patience:]
    naive = len(tail) == patience and all(2 * y < low + best for y in tail)
    assert collapsed(np.array(scores) + shift, patience=patience) == naive


def test_every_run_is_judged_alone() -> None:
    scores = np.array([[[0, 9, 0], [0, 9, 9]], [[9, 9, 9], [9, 0, 0]]])
    assert collapsed(scores).tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize("bad", [{"share": 1.0}, {"share": 0.0}, {"rise": -1.0}, {"patience": 0}])
def test_settings_that_cannot_be_meant_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"collapsed.{next(iter(bad))}"):
        collapsed([0.0, 1.0], **bad)


def test_curves_that_say_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="got nan at seed 1, evaluation 0"):
        collapsed([[0.0, 1.0], [np.nan, 1.0]])
    with pytest.raises(DataError, match="at least 2 evaluations, got 1"):
        collapsed([1.0])
