"""The batch sizes of another run: the same ones, in the same order or in another."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rlbatch.errors import ConfigError, FileError
from rlbatch.schedule import BatchPlan, Ladder, Linear, Replayed
from rlbatch.schedule.replayed import Order
from rlbatch.types import Signal

# lane 0: 100 updates of 1, 2, ..., 100 rows; lane 1: 5 5 9; lane 2: 7
LANES = [list(range(1, 101)), [5, 5, 9], [7]]


@pytest.fixture
def log(tmp_path: Path) -> str:
    """A decision log of LANES, a line for every update."""
    lines = ["lane,update,batch_size"]
    for lane, sizes in enumerate(LANES):
        told = [*sizes, 0]
        lines += [f"{lane},{update},{rows}" for update, rows in enumerate(told)]
    path = tmp_path / "decisions.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def sizes(log: str, order: Order, lane: int = 0, shift: int = 0) -> list[int]:
    return list(Replayed(log=log, order=order, shift=shift).of_lane(lane).sizes)


@pytest.mark.parametrize(("shift", "followed"), [(0, [0, 1, 2, 0]), (1, [1, 2, 0, 1]), (5, [2, 0])])
def test_a_lane_follows_the_lane_that_lies_shift_further_round(
    log: str, shift: int, followed: list[int]
) -> None:
    for lane, source in enumerate(followed):
        assert sizes(log, "recorded", lane, shift) == LANES[source]


def test_a_lane_follows_its_neighbour_where_nothing_is_said(log: str) -> None:
    assert list(Replayed(log=log).of_lane(0).sizes) == LANES[1]


def test_the_order_may_be_turned_round(log: str) -> None:
    assert sizes(log, "reversed") == LANES[0][::-1]
    assert sizes(log, "reversed", lane=1) == [9, 5, 5]


def test_shuffled_sizes_are_the_same_sizes_in_another_order(log: str) -> None:
    shuffled = sizes(log, "shuffled")
    assert sorted(shuffled) == LANES[0]
    assert shuffled != LANES[0]
    moved = sum(shuffled[:50]) / 50
    assert moved == pytest.approx(50.5, abs=10.0)  # the small ones do not all come first
    assert sizes(log, "shuffled") == shuffled


def test_random_sizes_are_sizes_of_the_log_as_often_as_there(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    text = "lane,update,batch_size\n0,0,4\n0,3000,16\n0,4000,0\n"
    path.write_text(text, encoding="utf-8")
    found = Counter(sizes(str(path), "random"))
    assert set(found) == {4, 16}
    assert found[16] / 4000 == pytest.approx(0.25, abs=0.03)  # four standard deviations
    assert sizes(str(path), "random")[:3000].count(16) > 600  # not where the log has them


def test_random_sizes_are_drawn_with_replacement(log: str) -> None:
    drawn = sizes(log, "random")
    assert len(drawn) == 100
    assert set(drawn) < set(LANES[0])
    assert sum(drawn) / 100 == pytest.approx(50.5, abs=12.0)


def test_lanes_with_equal_logs_stay_equal(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    text = "lane,update,batch_size\n0,0,4\n1,0,4\n0,9,8\n1,9,8\n0,20,0\n1,20,0\n"
    path.write_text(text, encoding="utf-8")
    for order in ("shuffled", "random"):
        assert sizes(str(path), order, 0) == sizes(str(path), order, 1)


def test_a_decision_counts_updates_and_the_last_size_stays(log: str, signal: Signal) -> None:
    plan = BatchPlan(schedule=Replayed(log=log)).of_lane(0)
    rows = [plan.decide(signal._replace(update=update)).rows for update in range(5)]
    assert rows == [5, 5, 9, 9, 9]


def test_sizes_are_used_as_they_are(log: str, signal: Signal) -> None:
    plan = BatchPlan(schedule=Replayed(log=log, shift=0))
    assert plan.ladder == Ladder(kind="exact")
    assert plan.largest() == 100
    own = plan.of_lane(0)
    for update in range(100):
        assert own.decide(signal._replace(update=update, batch_size=update)).rows == update + 1


def test_a_ladder_that_would_change_the_sizes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text("lane,update,batch_size\n0,0,5\n0,1,8\n0,2,0\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^batch\.ladder: expected kind: exact for the sizes"):
        BatchPlan(schedule=Replayed(log=str(path)), ladder=Ladder())


def test_a_plan_of_another_schedule_is_that_of_every_lane() -> None:
    plan = BatchPlan(schedule=Linear(start=1, stop=9, end=1000))
    assert plan.of_lane(3) is plan


def test_the_learning_rate_alone_may_follow_a_log_lane_by_lane(log: str, signal: Signal) -> None:
    plan = BatchPlan(lr_follows=Replayed(log=log), coupling="linear", reference=10)
    found = [plan.of_lane(lane).decide(signal._replace(update=1)) for lane in range(3)]
    assert found == [(128, 0.5), (128, 0.7), (128, 0.2)]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"shift": -1}, r"^replayed\.shift: expected at least 0 lanes, got -1\."),
        ({"log": "no.csv"}, r"^replayed\.log: expected a decision log, got no\.csv: No such file"),
    ],
)
def test_a_replay_that_cannot_be_is_refused(log: str, told: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, FileError), match=message):
        Replayed(**({"log": log} | told))


def test_a_log_without_its_end_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text("lane,update,batch_size\n0,0,4\n", encoding="utf-8")
    with pytest.raises(FileError, match=r"^replayed\.log: expected the log of a run that ended"):
        Replayed(log=str(path))
