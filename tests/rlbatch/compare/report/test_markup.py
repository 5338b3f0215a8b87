from __future__ import annotations

from rlbatch.compare.report.markup import Markup, bullets, facts, fold, table, tag


def test_text_is_escaped_and_markup_is_not() -> None:
    assert tag("p", "<b>", Markup("<i></i>")) == "<p>&lt;b&gt;<i></i></p>"
    assert tag("p", 3) == "<p>3</p>"


def test_attributes_are_escaped_and_their_names_are_html_s() -> None:
    assert (
        tag("div", class_='a"b', aria_label="<") == '<div class="a&quot;b" aria-label="&lt;"></div>'
    )


def test_a_void_element_has_no_end() -> None:
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_lists_and_folds_escape_what_they_hold() -> None:
    for made in (bullets(["<x>"]), facts([("<x>", "<x>")]), fold("<x>", "<x>")):
        assert "<x>" not in made
        assert "&lt;x&gt;" in made


def test_the_first_cell_of_a_row_names_it() -> None:
    made = table(["name", "n"], [["<a>", 1]], "all")
    assert '<th scope="row">&lt;a&gt;</th><td>1</td>' in made
    assert "<caption>all</caption>" in made
