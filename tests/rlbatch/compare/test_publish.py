"""A report as files: all of them, and the same bytes from the same report."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from rlbatch.compare.publish import publish
from rlbatch.compare.settings import Env


def published(report: dict[str, Any], folder: Path) -> str:
    text = io.StringIO()
    publish(report, folder, Console(file=text, width=200))
    return text.getvalue()


def test_the_same_report_gives_the_same_files_byte_for_byte(
    report_of: Any, climbs: Any, tmp_path: Path
) -> None:
    report = report_of({"a": climbs(3, count=14), "b": climbs(3, count=14, draw=1)})
    for name in ("x", "y"):
        published(report, tmp_path / name)
    files = [path.relative_to(tmp_path / "x") for path in (tmp_path / "x").rglob("*")]
    compared = [path for path in files if path.suffix and path.parts[0] != "tb"]
    assert {Path("report.json"), Path("report.html")} < set(compared)
    assert len([path for path in compared if path.parts[0] == "figures"]) >= 10
    for path in compared:
        assert (tmp_path / "x" / path).read_bytes() == (tmp_path / "y" / path).read_bytes()


def test_the_terminal_shows_the_verdict_and_every_note(
    report_of: Any, climbs: Any, tmp_path: Path
) -> None:
    report = report_of({"a": climbs(2, count=5), "b": climbs(2, count=4)}, contrasts=["b"])
    text = published(report, tmp_path)
    told = report["verdict"]
    assert told["notes"]
    for line in [told["headline"], *told["lines"], *told["notes"]]:
        assert line in text
    assert json.loads((tmp_path / "report.json").read_text()) == report


@pytest.mark.parametrize(
    ("curves", "told"),
    [
        ({"a": [[5.0]], "b": [[0.0]]}, {}),
        ({"a": None, "b": np.eye(3)}, {}),
        ({"a": np.eye(3), "b": np.eye(3)}, {"runs": {"b": {"seed": 9}}}),
        ({"a": np.full((2, 4), 5.0), "b": np.full((2, 4), 5.0)}, {"envs": [Env(name="Room")]}),
    ],
    ids=["one-evaluation", "no-baseline", "no-common-seed", "flat"],
)
def test_odd_reports_can_be_published_too(
    report_of: Any, curves: Any, told: Any, tmp_path: Path
) -> None:
    published(report_of(curves, contrasts=["b"], **told), tmp_path)
    assert (tmp_path / "report.html").stat().st_size > 1000
