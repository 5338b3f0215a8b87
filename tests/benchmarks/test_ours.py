"""Training returns read back from the log of a run."""

from __future__ import annotations

from pathlib import Path

from benchmarks.ours import WINDOW, read_returns


def test_a_line_is_an_episode_or_as_many_short_ones_as_fill_the_window(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.csv"
    lines = [
        "lane,env_step,return,length",
        f"0,{WINDOW},10.0,{WINDOW / 2}",
        f"1,{WINDOW},,",
        f"0,{2 * WINDOW},,",
        f"1,{2 * WINDOW},31.0,{2 * WINDOW}",
    ]
    metrics.write_text("\n".join(lines))
    assert read_returns(metrics, 2) == [[10.0, 10.0], [31.0]]
