from __future__ import annotations

import re
from typing import Any

from tensorboard.plugins.custom_scalar import layout_pb2

from rlbatch.compare.report.layout import overlays


def charts(report: dict[str, Any]) -> list[Any]:
    content = overlays(report).value[0].tensor.string_val[0]
    return list(layout_pb2.Layout.FromString(content).category[0].chart)


def test_one_environment_needs_no_name(two: dict[str, Any]) -> None:
    assert [chart.title for chart in charts(two)] == [
        "return, 95 % bands",
        "return",
        "batch size",
    ]


def test_a_line_chart_matches_its_tag_and_no_longer_one(make_report: Any) -> None:
    found = charts(make_report(["a", "b"], ["x.1", "x.12"], 2))
    (pattern,) = found[1].multiline.tag
    assert re.match(pattern, "eval/return/x.1")
    assert not re.match(pattern, "eval/return/x.12")
    assert not re.match(pattern, "eval/return/x-1")
