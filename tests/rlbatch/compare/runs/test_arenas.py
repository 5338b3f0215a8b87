"""Curves of all regimes on one axis and one budget."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlbatch.compare.runs.arenas import Arena, arenas
from rlbatch.compare.runs.gather import gather_study
from rlbatch.compare.settings import Env
from rlbatch.errors import ConfigError, DataError

Write = Callable[..., Path]
UP = [[10.0, 20.0, 30.0, 40.0]]
BARE = (Env(name="Room"),)


@pytest.fixture
def arena(study: Write) -> Callable[..., Arena]:
    def make(regimes: dict[str, Any], axis: str | None = None, **told: Any) -> Arena:
        (found,) = arenas(gather_study(study(regimes, **told)), axis)
        return found

    return make


def test_curves_evaluated_at_the_same_points_stay_as_they_are(arena: Any) -> None:
    found = arena({"a": UP, "b": [[4.0, 3.0, 2.0, 1.0]]})
    np.testing.assert_array_equal(found.x, [100, 200, 300, 400])
    np.testing.assert_array_equal(found.curves["b"], [[4, 3, 2, 1]])
    assert (found.horizon, found.notes) == (400, ())


def test_longer_curves_are_cut_and_that_is_told(arena: Any) -> None:
    found = arena({"a": UP, "b": [[1.0, 2.0]]})
    np.testing.assert_array_equal(found.curves["a"], [[10, 20]])
    assert found.notes == ("Room: curves are cut at 200 env_steps, what all have; longer: a.",)


def test_curves_evaluated_elsewhere_are_read_off_lines(arena: Any) -> None:
    found = arena({"a": UP, "b": [[0.0, 30.0]]}, runs={"b": {"every": 150}})
    np.testing.assert_array_equal(found.x, [150, 300])
    np.testing.assert_array_equal(found.curves["a"], [[15, 30]])
    np.testing.assert_array_equal(found.curves["b"], [[0, 30]])


def test_regimes_that_draw_more_rows_are_compared_up_to_the_common_number(arena: Any) -> None:
    found = arena({"a": UP, "b": UP}, runs={"b": {"rows": (16,)}}, budget="samples")
    assert found.horizon == 320  # 40 updates of 8 rows
    np.testing.assert_array_equal(found.x, [160, 320])  # as few points as the other has there
    np.testing.assert_array_equal(found.curves["a"], [[20, 40]])
    np.testing.assert_array_equal(found.curves["b"], [[10, 20]])
    assert "cut at 320 samples" in found.notes[0]


def test_before_the_first_update_the_last_evaluation_counts(arena: Any) -> None:
    found = arena({"a": UP, "b": UP}, runs={key: {"start": 200} for key in "ab"}, budget="updates")
    np.testing.assert_array_equal(found.x, [0, 10, 20])
    np.testing.assert_array_equal(found.curves["a"], [[20, 30, 40]])


def test_a_lane_that_diverged_does_not_cut_the_others(arena: Any) -> None:
    curves = [[10.0, 20.0, 30.0, 40.0], [10.0, 20.0, 20.0, 20.0]]
    runs = {"b": {"stops": {1: 15}}}
    found = arena({"a": UP * 2, "b": curves}, runs=runs, budget="updates")
    np.testing.assert_array_equal(found.x, [10, 20, 30, 40])
    np.testing.assert_array_equal(found.curves["b"], [[10, 20, 30, 40], [10, 20, 20, 20]])
    assert found.notes == ()


def test_a_run_that_came_nowhere_along_the_axis_is_refused(arena: Any) -> None:
    with pytest.raises(DataError, match=r"Room, budget updates: expected more than 0 .*got 0 in b"):
        arena({"a": UP, "b": UP}, runs={"b": {"start": 900}}, budget="updates")


def test_evaluations_that_are_no_numbers_are_told(arena: Any) -> None:
    found = arena({"a": [*UP, [10.0, float("nan"), 5.0, 5.0]]})
    assert found.notes[0].startswith("a: seed 2 has evaluations in Room that are no numbers")
    np.testing.assert_array_equal(found.curves["a"][1], [10, 5, 5, 5])


@pytest.mark.parametrize("axis", ["env_steps", "updates", "samples", "wall_s"])
def test_any_axis_can_be_asked_for(arena: Any, axis: str) -> None:
    found = arena({"a": UP}, axis)
    assert found.axis == axis
    assert len(found.x) == 4


def test_an_unknown_axis_is_refused(arena: Any) -> None:
    with pytest.raises(ConfigError, match="axis: expected one of env_steps, updates, samples, wa"):
        arena({"a": UP}, "steps")


def test_the_scale_is_the_configs_range(arena: Any) -> None:
    found = arena({"a": UP}, envs=[Env(name="Room", score=(-20.0, 30.0))])
    assert (found.low, found.span) == (-20, 50)


def test_without_a_range_the_scale_is_the_baselines(arena: Any) -> None:
    wide = [[-100.0, 0.0, 0.0, 900.0]]
    found = arena({"a": UP, "b": wide}, envs=BARE)
    assert found.low == -100
    assert found.span == pytest.approx(28.5)  # P95 − first = 38.5 − 10


def test_a_baseline_that_does_not_rise_leaves_the_range_of_all(arena: Any) -> None:
    found = arena({"a": [[5.0, 5.0]], "b": [[1.0, 9.0]]}, envs=BARE)
    assert (found.low, found.span) == (1, 8)


def test_where_nothing_moves_that_is_told(arena: Any) -> None:
    found = arena({"a": [[5.0, 5.0]], "b": [[5.0, 5.0]]}, envs=BARE)
    assert (found.low, found.span, found.notes) == (5, 1, ("Room: no curve moves at all.",))
