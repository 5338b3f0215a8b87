"""Tables of training speed, from figures that need no machine."""

from __future__ import annotations

from benchmarks.training_compared.program import Speed
from benchmarks.training_compared.speed import as_json, comparisons, tables

SPEEDS = {
    "rlbatch-16": [Speed(80.0), Speed(80.0)],
    "cleanrl": [Speed(10.0), Speed(8.0)],
    "purejaxrl-16": [Speed(100.0, 12.0), Speed(160.0, 14.0)],
    "purejaxrl-64": [Speed(100.0, 12.0), Speed(160.0, 14.0)],
}


def test_every_way_to_run_rlbatch_is_held_against_every_peer() -> None:
    found = comparisons(SPEEDS)
    assert list(found) == ["rlbatch-16"]
    assert found["rlbatch-16"]["cleanrl"] == (9.0, 8.0)
    assert found["rlbatch-16"]["purejaxrl-16"] == (0.65, 0.7)
    assert found["rlbatch-16"]["purejaxrl-64"].aim is None


def test_the_table_has_compilation_apart_and_aims_beside_ratios() -> None:
    lines = [" ".join(line.split()) for line in tables(SPEEDS).splitlines()]
    assert "| purejaxrl-16 | 130 | 100 to 160 | 13 |" in lines
    assert "| rlbatch-16 | 9.00 (aim 8) | 0.65 (MISSED: 0.7) | 0.65 |" in lines


def test_the_raw_figures_keep_every_round() -> None:
    told = as_json(SPEEDS)
    assert told["env_steps_per_s"]["cleanrl"] == [10.0, 8.0]
    assert told["compile_s"]["purejaxrl-16"] == [12.0, 14.0]
    assert told["ratios"]["rlbatch-16"]["cleanrl"] == {"ratio": 9.0, "aim": 8.0, "met": True}
