"""What a control changes of the regime that it is made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlbatch.compare.study.controls import overrides
from rlbatch.errors import FileError


def test_matched_has_the_sources_mean_of_all_rows_rounded(run_folder: Callable[..., Path]) -> None:
    folder = run_folder("a", [[1.0] * 3] * 2, rows=(8, 8, 9))  # 10 updates of each: mean 8.33
    assert overrides("matched", folder / "decisions.csv") == {
        "batch.schedule": {"kind": "fixed", "rows": 8},
        "batch.ladder": {"kind": "exact"},
    }


def test_matched_weighs_every_update_of_every_lane_the_same(tmp_path: Path) -> None:
    log = tmp_path / "decisions.csv"  # 1 update of 100 rows and 9 of 10: 190 rows ÷ 10 updates
    log.write_text("lane,update,batch_size\n0,0,100\n0,1,0\n1,0,10\n1,9,0\n")
    assert overrides("matched", log)["batch.schedule"]["rows"] == 19


@pytest.mark.parametrize(
    ("control", "order"),
    [
        ("yoked", "recorded"),
        ("shuffled", "shuffled"),
        ("reversed", "reversed"),
        ("random", "random"),
    ],
)
def test_a_yoke_replays_the_log_of_the_source_exactly(control: Any, order: str) -> None:
    found = overrides(control, Path("a/decisions.csv"))
    replayed = {"kind": "replayed", "log": "a/decisions.csv", "order": order}
    assert found == {"batch.schedule": replayed, "batch.ladder": {"kind": "exact"}}


def test_lr0_needs_no_log_and_moves_the_learning_rate_alone() -> None:
    assert overrides("lr0", Path("nowhere")) == {"learner.lr": 0.0}


def test_matched_without_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="a decision log"):
        overrides("matched", tmp_path / "decisions.csv")
