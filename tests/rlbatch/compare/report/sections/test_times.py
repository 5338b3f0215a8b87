from __future__ import annotations

from typing import Any

from rlbatch.compare.report.sections.times import times


def test_every_axis_has_a_column_with_the_runs_that_got_there(two: dict[str, Any]) -> None:
    found = {"restricted_mean": 1234.0, "reached": 5, "of": 8}
    two["regimes"]["doubling"]["time_to_threshold"] = {"samples": found, "updates": found}
    text = times(two)
    names = ("env steps", "updates", "rows sampled", "wall time (s)")
    heads = [text.index(f'"col">{name}<') for name in names]
    cell = "<td>1,234<small>5 of 8</small></td>"
    assert heads == sorted(heads)
    assert f"<td>–</td>{cell}{cell}<td>–</td>" in text


def test_without_a_threshold_there_is_no_table(two: dict[str, Any]) -> None:
    two["envs"]["CartPole-v1"]["threshold"] = None
    assert "<table" not in times(two)
    assert "has a threshold" in times(two)
