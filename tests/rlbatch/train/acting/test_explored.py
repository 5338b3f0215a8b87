"""Exploring in one pass is exploring by the streams of (seed, env step, environment)."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rlbatch.seeding import Purpose, uniform
from rlbatch.train.acting.explored import explored

SEEDS = np.array([3, 4, 11])


@given(
    st.integers(1, 6), st.integers(1, 4), st.integers(2, 9), st.integers(0, 10**9), st.booleans()
)
def test_it_is_what_the_streams_say(
    steps: int, per_lane: int, actions: int, now: int, by_lane: bool
) -> None:
    rates = np.random.default_rng(now).random((steps, len(SEEDS) if by_lane else 1))
    explore, choice = explored(SEEDS, rates, now, per_lane, actions)
    for t in range(steps):
        coin, drawn = (
            uniform(SEEDS, purpose, now + t * per_lane, per_lane)
            for purpose in (Purpose.EXPLORE, Purpose.ACTION)
        )
        assert np.array_equal(explore[t], coin < rates[t][:, None])
        assert np.array_equal(choice[t], np.floor(drawn * actions))


def test_a_rate_of_zero_explores_nowhere_and_of_one_everywhere() -> None:
    explore, choice = explored(SEEDS, np.array([[0.0, 1.0, 0.0]]), 7, 100, 3)
    assert [bool(lane.any()) for lane in explore[0]] == [False, True, False]
    assert explore[0, 1].all()
    assert set(choice.ravel().tolist()) == {0, 1, 2}
