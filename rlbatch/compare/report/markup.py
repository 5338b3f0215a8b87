"""HTML in which nothing is left unescaped: plain text becomes markup only through here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

VOID = {"meta", "img", "br"}


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escaped(content: object) -> Markup:
    """Markup stays as it is; everything else is shown as it reads."""
    return content if isinstance(content, Markup) else Markup(html.escape(str(content)))


def tag(name: str, /, *inside: object, **attributes: object) -> Markup:
    """One element. A trailing underscore in an attribute's name goes, inner ones become dashes."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(content))}"'
        for key, content in attributes.items()
    )
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(inside)}</{name}>")


def join(parts: Iterable[object]) -> Markup:
    """One after the other."""
    return Markup("".join(escaped(part) for part in parts))


def section(anchor: str, title: str, *inside: object) -> Markup:
    """A part of the page that the table of contents leads to."""
    return tag("section", tag("h2", title), *inside, id=anchor)


def bullets(lines: Iterable[object]) -> Markup:
    """A list."""
    return tag("ul", *(tag("li", line) for line in lines))


def facts(pairs: Iterable[tuple[object, object]]) -> Markup:
    """Names and what they stand for."""
    rows = (join((tag("dt", name), tag("dd", meaning))) for name, meaning in pairs)
    return tag("dl", *rows)


def table(head: Sequence[object], rows: Iterable[Sequence[object]], caption: object) -> Markup:
    """Scrolls sideways where the screen is narrow; the first cell of a row names it."""
    top = tag("tr", *(tag("th", cell, scope="col") for cell in head))
    body = (
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:]))
        for row in rows
    )
    grid = tag("table", tag("caption", caption), tag("thead", top), tag("tbody", *body))
    return tag("div", grid, class_="scroll", tabindex="0")


def fold(title: object, *inside: object) -> Markup:
    """Shown on demand, without any script."""
    return tag("details", tag("summary", title), *inside)
