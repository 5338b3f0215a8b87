from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from rlbatch.compare.report import page
from rlbatch.compare.report.markup import VOID
from rlbatch.compare.report.page import CONTENTS

CLOSED = VOID | {"path", "use", "rect"}  # the last three: within SVG, closed in place
EVIL = "<script>alert('x')</script>"


class Reader(HTMLParser):
    """Keeps what is open, and gathers text, ids and whatever a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._see(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._see(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def _see(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, found in attrs:
            if name == "id":
                self.ids.append(str(found))
            if name in ("href", "xlink:href", "src", "srcset", "data", "action"):
                (self.links if tag == "a" else self.fetched).append(str(found))
            assert not name.startswith("on")


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


def test_the_page_is_well_formed(awkward_page: str) -> None:
    reader = read(awkward_page)
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)


def test_nothing_is_fetched_and_nothing_runs(awkward_page: str) -> None:
    reader = read(awkward_page)
    assert all(link.startswith(("#", "data:")) for link in reader.fetched)
    assert not reader.tags & {"script", "link", "iframe", "object", "embed"}
    assert not re.search(r"url\((?!#)|@import", awkward_page)


def test_the_table_of_contents_leads_somewhere(two: dict[str, Any]) -> None:
    reader = read(page(two))
    assert reader.links == [f"#{anchor}" for anchor in CONTENTS]
    assert set(CONTENTS) <= set(reader.ids)
    assert [name for name in reader.ids if name in CONTENTS] == list(CONTENTS)


def test_the_verdict_comes_before_every_number(awkward_page: str) -> None:
    text = read(awkward_page).text
    assert text.index("No difference is shown.") < text.index("What was planned")
    assert text.index("What was planned") < text.index("fixed-128")


def test_every_regime_is_named(
    report: dict[str, Any], awkward_page: str, ten: dict[str, Any]
) -> None:
    for found, text in ((report, awkward_page), (ten, page(ten))):
        shown = read(text).text
        assert [name for name in found["regimes"] if name not in shown] == []


def poisoned(node: Any) -> Any:
    """The same report with markup at the end of every text, names of regimes and all."""
    if isinstance(node, dict):
        return {poisoned(key) if key in NAMES else key: poisoned(of) for key, of in node.items()}
    if isinstance(node, list):
        return [poisoned(each) for each in node]
    return f"{node}{EVIL}" if isinstance(node, str) and node not in KEPT else node


NAMES = ("fixed-128", "doubling", "doubling - fixed-128", "CartPole-v1", "torch", "cpu")
KEPT = ("auc", "LRT", "primary", "exploratory")


def test_every_text_of_a_report_is_escaped(two: dict[str, Any]) -> None:
    reader = read(page(poisoned(two)))
    assert "script" not in reader.tags
    assert reader.text.count(EVIL) > 40
    assert reader.open == []


def test_the_same_report_gives_the_same_page(two: dict[str, Any]) -> None:
    assert page(two) == page(two)


def test_one_seed_and_no_pairs_are_a_page_too(make_report: Any) -> None:
    alone = make_report(["a", "b"], ["e"], 1)
    alone |= {"pairs": {}, "hardware": {"gpu": None, "threads": [1, 2]}}
    assert "a" in read(page(alone)).text
