"""Scores of seeds, small enough for a pencil."""

from __future__ import annotations

import pytest

from benchmarks.training_compared.learning import EPISODES, as_json, learned, tables


def test_a_score_is_the_mean_of_the_last_episodes_and_the_worst_seed_comes_first() -> None:
    late = [500.0] * 7 + [20.0] * EPISODES
    found = learned("a", [late, [10.0, 14.0]])
    assert found.scores == [12.0, 20.0]
    assert found.mean == 16.0
    assert found.low is not None
    assert found.high is not None
    assert 12.0 <= found.low < 16.0 < found.high <= 20.0


def test_a_seed_without_an_episode_is_refused() -> None:
    with pytest.raises(SystemExit, match="sb3: expected an episode of each seed"):
        learned("sb3", [[1.0], []])


def test_one_seed_has_no_interval_and_nothing_lies_in_it() -> None:
    assert learned("a", [[5.0]]).holds(5.0) is None


def test_a_peer_is_told_inside_or_outside_of_our_interval() -> None:
    told = {
        "rlbatch-16": learned("rlbatch-16", [[10.0], [20.0], [30.0]]),
        "cleanrl": learned("cleanrl", [[19.0], [21.0]]),
        "sb3": learned("sb3", [[400.0], [500.0]]),
    }
    inside = {name: own["inside"]["rlbatch-16"] for name, own in as_json(told).items()}
    assert inside == {"rlbatch-16": True, "cleanrl": True, "sb3": False}
    text = tables(told)
    assert "400.0 500.0" in text
    assert "NO" in text
