"""From the records of a moment to one number a seed, and to one over seeds."""

from __future__ import annotations

from collections.abc import Callable

from rlbatch.metrics.aggregate import over_lanes, per_lane
from rlbatch.types import Record

MakeRecord = Callable[..., Record]


def test_numbers_go_by_kind_and_name_and_words_are_left_out(record: MakeRecord) -> None:
    found = per_lane([record("train", 0, 10, loss=1.0, phase="anneal")])
    assert found == [(0, 10, "train/loss", 1.0)]


def test_episodes_of_one_evaluation_become_their_mean(record: MakeRecord) -> None:
    told = [
        record("eval", lane, 10, episode=e, **{"return": 10.0 * lane + e})
        for lane in (0, 1)
        for e in (0, 1, 5)
    ]
    assert per_lane(told) == [(0, 10, "eval/return", 2.0), (1, 10, "eval/return", 12.0)]


def test_each_name_is_taken_over_the_seeds_that_have_it(record: MakeRecord) -> None:
    told = [record("train", lane, 10, loss=float(lane)) for lane in range(4)]
    told.append(record("train", 4, 10, loss=9.0, **{"return": 5.0}))
    found = dict(over_lanes(per_lane(told)))
    assert float(found["train/loss"].value) == 2.0  # of 0, 1, 2, 3, 9
    assert float(found["train/return"].value) == 5.0
    assert found["train/return"].low is None
    assert found["train/loss"].low is not None
    assert found["train/loss"].high is not None
    assert float(found["train/loss"].low) < 2.0 < float(found["train/loss"].high)


def test_nothing_gives_nothing(record: MakeRecord) -> None:
    assert per_lane([]) == []
    assert list(over_lanes([])) == []
    assert per_lane([record("event", 0, 10, event="diverged")]) == []
