"""Custom scalars: charts in which the regimes lie over one another."""

from __future__ import annotations

import re

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.custom_scalar import layout_pb2 as proto
from tensorboard.plugins.custom_scalar import metadata
from tensorboard.util.tensor_util import make_tensor_proto

from rlbatch.compare.report.reading import Report


def overlays(report: Report) -> Summary:
    """Return with its bands, return alone, and batch size, for every environment."""
    several = len(report["envs"]) > 1
    ends = {env: f"/{env}" if several else "" for env in report["envs"]}
    charts = [chart for end in ends.values() for chart in _charts(end)]
    category = proto.Category(title=f"{report['name']}: regimes over one another", chart=charts)
    return Summary(
        value=[
            Summary.Value(
                tag=metadata.CONFIG_SUMMARY_TAG,
                tensor=make_tensor_proto(proto.Layout(category=[category]).SerializeToString()),
                metadata=metadata.create_summary_metadata(),
            )
        ]
    )


def _charts(end: str) -> list[proto.Chart]:
    """Of the tags that end so. Tags without a run match in every run, each in its colour."""
    title = end.replace("/", " ", 1)
    band = proto.MarginChartContent.Series(
        value=f"eval/return{end}", lower=f"eval/return_low{end}", upper=f"eval/return_high{end}"
    )
    return [
        proto.Chart(
            title=f"return{title}, 95 % bands", margin=proto.MarginChartContent(series=[band])
        ),
        _lines(f"return{title}", f"eval/return{end}"),
        _lines(f"batch size{title}", f"batch_size{end}"),
    ]


def _lines(title: str, tag: str) -> proto.Chart:
    """A tag is read as a regular expression here."""
    content = proto.MultilineChartContent(tag=[f"^{re.escape(tag)}$"])
    return proto.Chart(title=title, multiline=content)
