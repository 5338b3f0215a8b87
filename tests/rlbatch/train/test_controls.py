"""Each lane's controller is asked by its own count of updates, and remembers between."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pytest

from rlbatch.contract import Memory
from rlbatch.schedule import BatchPlan, Control, Ladder
from rlbatch.train.controls import Controls
from rlbatch.train.lanes import Lanes
from rlbatch.types import Record, Signal

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Summed:
    """A controller that asks for 8 rows and for all that its signal `more` has told so far."""

    low: int = 8
    high: int = 64
    signals: ClassVar[tuple[str, ...]] = ("more",)

    def __call__(self, signal: Signal, memory: Memory) -> tuple[float, Memory]:
        total = memory.get("total", 8.0) + signal.meters["more"]
        return total, {"total": total}


class Told:
    """Feedback of two lanes that a test writes, and which lanes it was read for."""

    def __init__(self, *more: float) -> None:
        self.more, self.asked = list(more), list[list[bool]]()

    def __call__(self, lanes: Mask) -> Sequence[Mapping[str, float]]:
        self.asked.append(lanes.tolist())
        told: list[Mapping[str, float]] = [{"more": one} for one in self.more]
        return [own if mine else {} for own, mine in zip(told, lanes, strict=True)]


def controls(told: Told, every: int = 2) -> tuple[Controls, Lanes]:
    """Of lanes of the seeds 3 and 4; what a lane sees is dated by the rows that it has drawn."""
    lanes = Lanes([3, 4])

    def signal(lane: int, meters: Mapping[str, float]) -> Signal:
        drawn, rows = int(lanes.samples[lane]), int(lanes.batch_size[lane])
        return Signal(env_step=0, samples=drawn, batch_size=rows, meters=meters)

    plan = BatchPlan(
        schedule=Summed(),
        control=Control(every=every, rate=math.inf),
        ladder=Ladder(kind="exact"),
    )
    return Controls([plan, plan], lanes, signal, told), lanes


def rows(asked: Controls, *updates: int) -> list[int]:
    wanted: list[int] = np.broadcast_to(asked.rows(np.array(updates)), (2,)).tolist()
    return wanted


def values(records: list[Record], name: str) -> list[Any]:
    return [record.values[name] for record in records]


def test_it_is_asked_before_the_first_update_and_then_every_k_updates() -> None:
    told = Told(1.0, 2.0)
    asked, _ = controls(told)
    found = [rows(asked, n, n) for n in (0, 0, 1, 2, 2, 3, 4)]
    assert found == [[9, 10]] * 3 + [[10, 12]] * 3 + [[11, 14]]
    assert told.asked == [[True, True]] * 3


def test_a_lane_that_rests_is_asked_by_its_own_updates() -> None:
    told = Told(1.0, 2.0)
    asked, _ = controls(told)
    found = [rows(asked, *updates) for updates in ((0, 0), (2, 0), (4, 1), (5, 2))]
    assert found == [[9, 10], [10, 10], [11, 10], [11, 12]]
    assert told.asked == [[True, True], [True, False], [True, False], [False, True]]


def test_late_by_an_update_it_counts_from_there() -> None:
    asked, _ = controls(Told(1.0, 1.0))
    assert [rows(asked, n, n)[0] for n in (0, 3, 4, 5)] == [9, 10, 10, 11]


def test_equal_rows_are_one_number_for_all_lanes() -> None:
    asked, _ = controls(Told(1.0, 1.0))
    assert asked.rows(np.array([0, 0])) == 9
    assert isinstance(asked.rows(np.array([0, 0])), int)


def test_what_it_gave_is_not_changed_by_the_next_decision() -> None:
    asked, _ = controls(Told(1.0, 2.0))
    first = asked.rows(np.array([0, 0]))
    asked.rows(np.array([2, 2]))
    assert np.asarray(first).tolist() == [9, 10]


def test_a_lane_that_left_is_not_asked() -> None:
    told = Told(1.0, 2.0)
    asked, lanes = controls(told)
    lanes.stop(np.array([True, False]))
    assert rows(asked, 0, 0)[1] == 10
    assert told.asked == [[False, True]]
    assert [record.lane for record in asked.read()[0]] == [1]


def test_a_decision_is_told_whole_and_once() -> None:
    asked, lanes = controls(Told(1.0, 2.0))
    lanes.samples[:], lanes.batch_size[:] = [30, 40], [16, 32]
    rows(asked, 6, 7)
    decided, events = asked.read()
    assert [(r.kind, r.lane, r.seed, r.update, r.samples) for r in decided] == [
        ("control", 0, 3, 6, 30),
        ("control", 1, 4, 7, 40),
    ]
    assert [values(decided, name) for name in ("wish", "batch_size", "last", "more")] == [
        [9.0, 10.0],
        [9, 10],
        [16, 32],
        [1.0, 2.0],
    ]
    assert values(decided, "wanted") == pytest.approx([9.0, 10.0])
    assert events == []
    assert asked.read() == ([], [])


def test_a_nan_holds_its_own_lane_and_is_warned_of_once() -> None:
    told = Told(1.0, 2.0)
    asked, _ = controls(told, every=1)
    found = []
    for update, one in enumerate((1.0, math.nan, math.nan, 1.0)):
        told.more[0] = one
        found.append(rows(asked, update, update))
    assert found == [[9, 10], [9, 12], [9, 14], [10, 16]]
    decided, events = asked.read()
    assert [(r.lane, r.update, dict(r.values)) for r in events] == [
        (0, 1, {"event": "nan_signal", "reason": "more: B holds where NaN"})
    ]
    wishes = values([r for r in decided if r.lane == 0], "wish")
    assert [math.isnan(wish) for wish in wishes] == [False, True, True, False]
    assert [own["nans"] for own in asked.memory] == [2.0, 0.0]


def test_a_signal_that_is_not_there_yet_is_no_event() -> None:
    asked, _ = controls(Told(1.0, 2.0))
    asked._feedback = lambda lanes: [{}, {}]
    assert rows(asked, 0, 0) == [8, 8]
    assert asked.read()[1] == []


def test_what_went_through_json_decides_as_what_did_not() -> None:
    told = Told(1.0, math.nan)
    (first, _), (second, _) = controls(told), controls(told)
    for updates in ((0, 0), (2, 1), (4, 2)):
        rows(first, *updates)
    kept = json.dumps(first.state())
    second.load(json.loads(kept))
    told.more[1] = 2.0
    after = [(5, 2), (6, 3), (8, 4), (8, 6)]
    assert [rows(first, *updates) for updates in after] == [
        rows(second, *updates) for updates in after
    ]
    assert json.dumps(first.state()) == json.dumps(second.state()) != kept


def test_a_state_is_a_copy() -> None:
    asked, _ = controls(Told(1.0, 2.0))
    rows(asked, 0, 0)
    state = asked.state()
    kept = json.dumps(state)
    rows(asked, 2, 2)
    assert json.dumps(state) == kept
    asked.load(state)
    rows(asked, 2, 2)
    assert json.dumps(state) == kept


def test_a_lane_that_was_warned_of_is_not_warned_of_again_after_a_restart() -> None:
    told = Told(math.nan, 1.0)
    (first, _), (second, _) = controls(told), controls(told)
    rows(first, 0, 0)
    second.load(json.loads(json.dumps(first.state())))
    rows(second, 2, 2)
    assert second.read()[1] == []
