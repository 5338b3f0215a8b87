from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rlbatch.compare.report import save_figures
from rlbatch.compare.report.figures import FIGURES


@pytest.mark.parametrize("seeds", [1, 3])
def test_every_figure_is_written_twice(make_report: Any, tmp_path: Path, seeds: int) -> None:
    written = save_figures(make_report(["a", "b"], ["e"], seeds), tmp_path / "figures")
    assert {path.name for path in written} == {f"{n}.{e}" for n in FIGURES for e in ("png", "svg")}
    for path in written:
        if path.suffix == ".png":
            with Image.open(path) as image:
                low, high = image.convert("L").getextrema()
            assert (low, high) != (255, 255)


def test_a_report_where_every_run_failed_is_drawn_too(
    report: dict[str, Any], tmp_path: Path
) -> None:
    report["regimes"] = dict.fromkeys(("fixed-128", "failed"), report["regimes"]["failed"])
    report |= {"pairs": {}, "profiles": {"tau": [], "regimes": {}}}
    assert len(save_figures(report, tmp_path)) == 2 * len(FIGURES)
