"""Signs logged while training become one number a lane."""

from __future__ import annotations

from pathlib import Path

from rlbatch.compare.runs.training import training_signs

LINES = """lane,seed,churn,td_recent_gap,grad_norm,val_td
0,1,,0.5,2.0,
0,1,0.25,nan,4.0,1.5
1,2,0.75,,inf,
"""


def test_a_sign_is_the_mean_over_the_lines_that_have_it(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(LINES)
    found = training_signs(tmp_path / "metrics.csv", [0, 1])
    assert found["churn"] == (0.25, 0.75)
    assert found["grad_norm"] == (3.0, None)
    assert found["td_recent_gap"] == (0.5, None)
    assert found["val_td"] == (1.5, None)


def test_a_run_without_a_log_has_none(tmp_path: Path) -> None:
    assert training_signs(tmp_path / "metrics.csv", [0])["churn"] == (None,)
