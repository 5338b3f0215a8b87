from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

from rlbatch.compare.report.canvas import brief, legend_columns, pdf, png, svg
from rlbatch.compare.report.figures import FIGURES, learning_curves


def test_the_same_report_gives_the_same_bytes(two: dict[str, Any]) -> None:
    assert svg(learning_curves(two), "a") == svg(learning_curves(two), "a")
    assert png(learning_curves(two)) == png(learning_curves(two))
    assert pdf(learning_curves(two)) == pdf(learning_curves(two))


def test_a_reader_s_own_settings_change_nothing(two: dict[str, Any]) -> None:
    plain = svg(learning_curves(two), "a")
    with mpl.rc_context({"axes.titlepad": 40, "savefig.bbox": "tight", "svg.hashsalt": "mine"}):
        assert svg(learning_curves(two), "a") == plain


def test_two_figures_share_no_id(two: dict[str, Any]) -> None:
    one, other = (set(re.findall(r' id="([^"]+)"', svg(learning_curves(two), n))) for n in "ab")
    assert one
    assert not one & other


@pytest.mark.parametrize("name", ["2 curves", "a/b", r"\1"])
def test_any_file_s_name_makes_ids_that_work(two: dict[str, Any], name: str) -> None:
    ids = re.findall(r' id="([^"]+)"', svg(learning_curves(two), name))
    assert all(re.fullmatch(r"[\w.-]+", each) for each in ids)


@pytest.mark.parametrize("name", FIGURES)
def test_every_reference_of_a_drawing_leads_somewhere(report: dict[str, Any], name: str) -> None:
    text = svg(FIGURES[name](report), name)
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(set(ids)) == len(ids)
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', text)) <= set(ids)
    assert ElementTree.fromstring(text).tag.endswith("svg")


def test_a_drawing_tells_neither_its_date_nor_its_maker(two: dict[str, Any]) -> None:
    assert "metadata" not in svg(learning_curves(two), "a")
    assert b"Software" not in png(learning_curves(two))
    assert b"CreationDate" not in pdf(learning_curves(two))


def test_dollars_and_underscores_in_names_are_letters(make_report: Any) -> None:
    text = svg(learning_curves(make_report(["_a", "$x^2$"], ["e"], 2)), "a")
    assert ">_a<" in text
    assert ">$x^2$<" in text


def test_long_names_have_fewer_columns() -> None:
    assert [legend_columns(["a" * n] * 10) for n in (5, 20, 200)] == [5, 3, 1]


def test_steps_are_written_briefly() -> None:
    assert [brief(n) for n in (0.5, 500, 50_000, 2.5e6)] == ["0.5", "500", "50k", "2.5M"]
