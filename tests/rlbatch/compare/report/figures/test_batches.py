from __future__ import annotations

from typing import Any

import numpy as np

from rlbatch.compare.report.figures import batch_sizes
from rlbatch.compare.report.figures.batches import median_over_seeds, used


def test_before_the_first_update_there_is_no_batch_size() -> None:
    table = used({"1": [0.0, None, 32.0], "2": [0.0, 8.0, 64.0]})
    np.testing.assert_array_equal(table, [[np.nan, np.nan, 32.0], [np.nan, 8.0, 64.0]])
    np.testing.assert_array_equal(median_over_seeds(table), [np.nan, 8.0, 48.0])


def test_few_regimes_share_a_panel_with_a_log2_axis(two: dict[str, Any]) -> None:
    (axes,) = batch_sizes(two).axes
    assert axes.get_yscale() == "log"
    assert {32, 64, 128, 256, 512} <= set(axes.get_yticks())
    assert len(axes.lines) == 2  # every seed used the same sizes: nothing thin


def test_seeds_that_differ_are_drawn_thin_below_their_median(two: dict[str, Any]) -> None:
    rows = {"1": [32.0, 64.0], "2": [32.0, 128.0], "3": [32.0, 256.0]}
    two["regimes"]["doubling"]["batch_size"]["CartPole-v1"] = {"x": [0, 1], "rows": rows}
    lines = batch_sizes(two).axes[0].lines
    assert [line.get_linewidth() for line in lines] == [1.6, 0.5, 0.5, 0.5, 1.6]
    assert list(np.asarray(lines[-1].get_ydata())) == [32.0, 128.0]


def test_many_regimes_have_a_panel_each_on_common_axes(ten: dict[str, Any]) -> None:
    grid = batch_sizes(ten).subfigs[0].axes
    assert [axes.get_title(loc="left") for axes in grid] == list(ten["regimes"])
    assert len({axes.get_ylim() for axes in grid}) == 1


def test_a_size_that_never_moves_has_room_around_it(two: dict[str, Any]) -> None:
    for regime in two["regimes"].values():
        regime["batch_size"]["CartPole-v1"] = {"x": [0, 1], "rows": {"1": [64.0, 64.0]}}
    assert batch_sizes(two).axes[0].get_ylim() == (40.0, 102.4)
