"""The measures of one regime in one environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rlbatch.compare.analysis.numbers import Numbers, numbers
from rlbatch.compare.runs.arenas import arenas
from rlbatch.compare.runs.gather import gather_study
from rlbatch.compare.settings import Env

Measured = Callable[..., tuple[Numbers, list[str]]]
UP = [0.0, 20.0, 40.0, 90.0]
DIPS = [0.0, 80.0, 20.0, 80.0]


@pytest.fixture
def measured(study: Any) -> Measured:
    """The numbers of a regime, and what was said while they were measured."""

    def make(curves: Any, several: bool = False, **told: Any) -> tuple[Numbers, list[str]]:
        notes: list[str] = []
        (arena,) = arenas(gather_study(study({"a": curves}, **told)))
        return numbers(arena, "a", several, notes), notes

    return make


def test_performance_is_in_returns(measured: Measured) -> None:
    found = measured([UP, DIPS])[0].per_seed
    np.testing.assert_allclose(found["auc"], [35.0, 140 / 3])
    np.testing.assert_array_equal(found["final_return"], [90, 80])
    np.testing.assert_array_equal(found["time_to_threshold"], [400, 200])


def test_stability_is_in_shares_of_the_score_range(measured: Measured) -> None:
    found = measured([UP, DIPS])[0].per_seed
    np.testing.assert_allclose(found["LRT"], [0.0, 0.6])
    np.testing.assert_allclose(found["SRT"], [0.8, -2.4])  # worst step, per budget
    np.testing.assert_allclose(found["DF"], [1 / 90, 1 / 80])


def test_of_several_environments_returns_are_shares_and_times_too(measured: Measured) -> None:
    envs = [Env(name="Room", score=(-100.0, 100.0), threshold=80.0)]
    found = measured([UP, DIPS], several=True, envs=envs)[0].per_seed
    np.testing.assert_allclose(found["final_return"], [0.95, 0.9])
    np.testing.assert_allclose(found["auc"], [135 / 200, (100 + 140 / 3) / 200])
    np.testing.assert_allclose(found["time_to_threshold"], [1.0, 0.5])


def test_a_threshold_that_was_not_reached_counts_as_the_whole_budget(measured: Measured) -> None:
    assert measured([[1.0, 2.0]])[0].per_seed["time_to_threshold"].tolist() == [200]


def test_one_evaluation_has_no_stability_and_that_is_told_once(measured: Measured) -> None:
    found, notes = measured([[5.0], [6.0]])
    assert found.per_seed["auc"].tolist() == [5, 6]
    assert np.isnan([found.per_seed[name] for name in ("LRT", "SRT", "DT")]).all()
    assert (found.smooth, found.of_group("DR")) == (None, None)
    assert notes[0] == "Room: one evaluation is too few for LRT, SRT and DT."
    assert notes[1].startswith("Room: no DR and RR. ")
    assert not found.flat.any()


def test_curves_too_short_for_the_filter_have_no_dispersion_across_runs(measured: Measured) -> None:
    found, notes = measured([UP, DIPS])
    assert found.of_group("DR") is found.of_group("RR") is None
    assert found.of_group("collapse_rate") is not None
    assert len(notes) == 1
    assert "more than 12 evaluations" in notes[0]


def test_parallel_curves_are_as_far_apart_as_they_are(measured: Measured) -> None:
    level = np.array([10.0, 20.0, 30.0, 40.0, 50.0])
    found, _ = measured(np.repeat(level[:, None], 40, axis=1))
    spread, risk = found.of_group("DR"), found.of_group("RR")
    assert spread is not None
    assert risk is not None
    assert spread(np.arange(5)) == pytest.approx(0.2)
    assert risk(np.arange(5)) == pytest.approx(0.1)
    np.testing.assert_allclose(spread(np.array([[0, 0, 0], [1, 2, 3]])), [0.0, 0.1])


def test_a_curve_is_flat_where_it_never_moves(measured: Measured) -> None:
    assert measured([UP, [7.0] * 4])[0].flat.tolist() == [False, True]


def test_a_run_has_collapsed_where_it_stays_below_half_its_best(measured: Measured) -> None:
    falls = [0.0, 80.0, 80.0, 30.0]
    found, _ = measured([UP, DIPS, falls])
    assert found.collapsed.tolist() == [False, False, True]
    rate = found.of_group("collapse_rate")
    assert rate is not None
    assert rate(np.array([0, 2])) == 0.5


def test_the_worst_seed_is_of_any_group(measured: Measured) -> None:
    worst = measured([UP, DIPS])[0].of_group("worst_seed")
    assert worst is not None
    np.testing.assert_array_equal(worst(np.array([[0, 1], [0, 0]])), [80, 90])


def test_a_final_evaluation_of_zeros_has_no_dispersion_across_rollouts(measured: Measured) -> None:
    found = measured([UP, [0.0] * 4])[0].per_seed
    assert np.isnan(found["DF"]).tolist() == [False, True]
    assert np.isnan(found["RF"]).tolist() == [False, True]


def test_seeds_can_be_picked_and_put_together(measured: Measured) -> None:
    found, _ = measured(np.tile([UP, DIPS], 10))
    other = found.at([1])
    assert (other.seeds, other.per_seed["final_return"].tolist()) == ((2,), [80])
    both = other.and_also(found)
    assert both.seeds == (2, 1, 2)
    assert both.per_seed["final_return"].tolist() == [80, 90, 80]
    assert both.smooth is not None
    assert [len(x) for x in (both.collapsed, both.flat, both.smooth)] == [3, 3, 3]
